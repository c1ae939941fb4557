-- R4: how much likelier a customer who rated 1–2 is to leave than one who rated 4–5, with its 95 %
-- interval (log method).
{%- set z = 1.959963984540054 %}
with

bands as (
    select * from {{ ref('kpi_fct_rated_customers') }}
    where kpi = 'churn_rate' and stat in ('ratio_csat_1_2', 'ratio_csat_4_5') and grain = 'month'
),

paired as (
    select
        low.grain,
        low.period_start,
        low.period_end,
        low.customer_segment,
        low.value as low_rate,
        high.value as high_rate,
        low.numerator as low_left,
        high.numerator as high_left,
        low.denominator as low_n,
        high.denominator as high_n
    from bands as low
    inner join bands as high
        on low.period_start = high.period_start
        and low.customer_segment = high.customer_segment
    where low.stat = 'ratio_csat_1_2' and high.stat = 'ratio_csat_4_5'
),

judged as (
    select
        *,
        low_rate / nullif(high_rate, 0) as relative_risk,
        case
            when low_left > 0 and high_left > 0
                then {{ z }} * sqrt(1 / low_left - 1 / low_n + 1 / high_left - 1 / high_n)
        end as half_width
    from paired
)

{{ kpi_own_rows('judged', 'churn_rate', [
    {'stat': 'relative_risk', 'value': 'relative_risk', 'numerator': 'low_rate',
        'denominator': 'high_rate', 'n': 'low_n + high_n'},
    {'stat': 'rr_low', 'value': 'relative_risk * exp(-half_width)', 'n': 'low_n + high_n'},
    {'stat': 'rr_high', 'value': 'relative_risk * exp(half_width)', 'n': 'low_n + high_n'},
], ['customer_segment']) }}
