-- Q3, adjusted for mix: the difference of the sides within each category that both have answers in,
-- weighted by all answers of the category.
with

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and score_5 is not null and handling_side is not null
        and category is not null
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain in ('week', 'month')
),

account as (
    select * from {{ ref('dim_accounts') }}
),

cut as (
    {{ cut_by('ratings', ['channel']) }}
),

dated as (
    select
        cut.*,
        {{ local_time('cut.first_rated_at', 'account.timezone') }} as local_at
    from cut
    cross join account
),

by_category as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        dated.cut_channel as channel,
        dated.category,
        {{ count_if("dated.handling_side = 'ai_handled'") }} as ai_n,
        {{ count_if("dated.handling_side = 'human_handled'") }} as human_n,
        avg(case when dated.handling_side = 'ai_handled' then dated.score_5 end) as ai_mean,
        avg(case when dated.handling_side = 'human_handled' then dated.score_5 end) as human_mean
    from periods
    inner join dated
        on dated.local_at >= periods.period_start and dated.local_at < periods.period_end
    group by
        periods.grain, periods.period_start, periods.period_end, dated.cut_channel, dated.category
),

weighted as (
    select
        grain,
        period_start,
        period_end,
        channel,
        sum((ai_mean - human_mean) * (ai_n + human_n)) / nullif(sum(ai_n + human_n), 0)
            as difference,
        least(sum(ai_n), sum(human_n)) as smaller_n
    from by_category
    where ai_n >= 5 and human_n >= 5
    group by grain, period_start, period_end, channel
)

{{ kpi_own_rows('weighted', 'csat_parity', [
    {'stat': 'mix_adjusted', 'value': 'difference', 'n': 'smaller_n'},
], ['channel']) }}
