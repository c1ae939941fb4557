-- R5: whether who is happier buys again: Spearman's rank correlation of score and repurchase over the
-- customers rated in a quarter, with the 95 % interval of Bonett and Wright (2000).
{%- set z = 1.959963984540054 %}
with

rated as (
    select * from {{ ref('fct_rated_customers') }}
    where is_last_of_quarter
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'quarter'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

cut as (
    {{ cut_by('rated', ['customer_segment']) }}
),

dated as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        cut.cut_customer_segment as customer_segment,
        cut.score_5,
        case when cut.is_repurchased_90d then 1 else 0 end as bought
    from cut
    cross join account
    inner join periods
        on {{ quarter_start(local_date('cut.first_rated_at', 'account.timezone')) }}
            = cast(periods.period_start as date)
),

-- Ties share the mean of their ranks.
ranked as (
    select
        *,
        {% for column in ['score_5', 'bought'] -%}
        rank() over (partition by period_start, customer_segment order by {{ column }})
        + (count(*) over (partition by period_start, customer_segment, {{ column }}) - 1) / 2.0
            as rank_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from dated
),

correlated as (
    select
        grain,
        period_start,
        period_end,
        customer_segment,
        count(*) as customers,
        {{ correlation('rank_score_5', 'rank_bought') }} as rho
    from ranked
    group by grain, period_start, period_end, customer_segment
),

judged as (
    select
        *,
        case when customers >= 100 then rho end as shown_rho,
        case
            when customers >= 100 and abs(rho) < 1
                then {{ z }} * sqrt((1 + rho * rho / 2) / (customers - 3))
        end as half_width,
        case when customers >= 100 and abs(rho) >= 1 then rho end as certain_rho,
        case when customers >= 100 and abs(rho) < 1 then rho end as bounded_rho
    from correlated
)

{{ kpi_own_rows('judged', 'csat_repurchase_correlation', [
    {'stat': 'value', 'value': 'shown_rho', 'n': 'customers'},
    {'stat': 'low', 'value': 'coalesce(certain_rho, tanh(atanh(bounded_rho) - half_width))', 'n': 'customers'},
    {'stat': 'high', 'value': 'coalesce(certain_rho, tanh(atanh(bounded_rho) + half_width))', 'n': 'customers'},
], ['customer_segment']) }}
