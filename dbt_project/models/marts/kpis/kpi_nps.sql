-- Q10: the latest answer of each customer in the 90 local days that end with a period.
with

responses as (
    select * from {{ ref('fct_nps_responses') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain in ('month', 'quarter') and has_begun
),

account as (
    select * from {{ ref('dim_accounts') }}
    where has_nps
),

within as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        responses.*,
        row_number() over (
            partition by
                periods.grain, periods.period_start,
                coalesce(responses.customer_key, responses.nps_key)
            order by responses.responded_at desc, responses.nps_key desc
        ) as recency
    from periods
    inner join responses
        on responses.responded_on < cast(periods.period_end as date)
        and responses.responded_on >= cast(periods.period_end - interval '90' day as date)
),

latest as (
    select *
    from within
    where recency = 1
),

cut as (
    {{ cut_by('latest', ['customer_segment']) }}
),

counted as (
    select
        grain,
        period_start,
        period_end,
        cut_customer_segment as customer_segment,
        count(*) as responses,
        {{ count_if('score >= 9') }} as promoters,
        {{ count_if('score <= 6') }} as detractors,
        {{ count_if('is_supported') }} as supported,
        {{ count_if('is_supported and score >= 9') }} - {{ count_if('is_supported and score <= 6') }}
            as supported_balance,
        {{ count_if('not is_supported') }} as unsupported,
        {{ count_if('not is_supported and score >= 9') }}
        - {{ count_if('not is_supported and score <= 6') }} as unsupported_balance
    from cut
    group by grain, period_start, period_end, cut_customer_segment

    union all

    -- Nobody answered: that is known, and it is none.
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        'all' as customer_segment,
        0 as responses,
        0 as promoters,
        0 as detractors,
        0 as supported,
        0 as supported_balance,
        0 as unsupported,
        0 as unsupported_balance
    from periods
    cross join account
    left join latest
        on periods.grain = latest.grain and periods.period_start = latest.period_start
    where latest.nps_key is null
)

{{ kpi_own_rows('counted', 'nps', [
    {'stat': 'value', 'value': '100.0 * (promoters - detractors) / nullif(responses, 0)', 'n': 'responses'},
    {'stat': 'value_supported', 'value': '100.0 * supported_balance / nullif(supported, 0)', 'n': 'supported'},
    {'stat': 'value_unsupported', 'value': '100.0 * unsupported_balance / nullif(unsupported, 0)',
        'n': 'unsupported'},
    {'stat': 'promoters', 'value': 'promoters / nullif(cast(responses as double), 0)',
        'numerator': 'promoters', 'denominator': 'responses', 'n': 'responses'},
    {'stat': 'detractors', 'value': 'detractors / nullif(cast(responses as double), 0)',
        'numerator': 'detractors', 'denominator': 'responses', 'n': 'responses'},
    {'stat': 'responses', 'value': 'responses', 'n': 'responses'},
], ['customer_segment']) }}
