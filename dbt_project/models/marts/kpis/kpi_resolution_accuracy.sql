-- Q8: how often the AI was right where somebody looked, each category weighted by how much the AI
-- resolved in it, with the Wilson interval on the sample size that such weights leave.
{%- set z = 1.959963984540054 %}
with

resolutions as (
    select * from {{ ref('fct_ai_resolutions') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'month'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

-- A category cut is one category, so its weight is 1.
cut as (
    {{ cut_by('resolutions', ['channel', 'category']) }}
),

by_category as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        cut.cut_channel as channel,
        cut.cut_category as slice_category,
        cut.category,
        count(*) as resolved,
        count(cut.is_correct) as judged,
        {{ count_if('cut.is_correct') }} as correct
    from cut
    cross join account
    inner join periods
        on {{ month_start(local_date('cut.resolved_at', 'account.timezone')) }}
            = cast(periods.period_start as date)
    group by
        periods.grain, periods.period_start, periods.period_end, cut.cut_channel,
        cut.cut_category, cut.category
),

weighted as (
    select
        grain,
        period_start,
        period_end,
        channel,
        slice_category as category,
        sum(judged) as judged,
        sum(resolved * correct / cast(judged as double)) / sum(resolved) as accuracy,
        power(sum(resolved), 2) / sum(resolved * resolved / cast(judged as double)) as effective_n
    from by_category
    where judged > 0
    group by grain, period_start, period_end, channel, slice_category
),

bounded as (
    select
        *,
        (accuracy + {{ z * z / 2 }} / effective_n) / (1 + {{ z * z }} / effective_n) as centre,
        {{ z }} * sqrt(
            accuracy * (1 - accuracy) / effective_n
            + {{ z * z / 4 }} / (effective_n * effective_n)
        ) / (1 + {{ z * z }} / effective_n) as half_width
    from weighted
)

{{ kpi_own_rows('bounded', 'resolution_accuracy', [
    {'stat': 'ratio', 'value': 'accuracy', 'numerator': 'accuracy * judged',
        'denominator': 'judged', 'n': 'judged'},
    {'stat': 'low', 'value': 'centre - half_width', 'n': 'judged'},
    {'stat': 'high', 'value': 'centre + half_width', 'n': 'judged'},
], ['channel', 'category']) }}
