-- A row of category_issues that spans a whole category holds the same figures as the KPIs of that
-- week, category and handling; so does every such row that the KPIs have.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'week'
        and category <> 'all' and channel = 'all' and team = 'all' and customer_segment = 'all'
        and kpi in ('category_volume', 'csat', 'escalation_rate', 'knowledge_gap_rate')
),

category_issues as (
    select * from {{ ref('category_issues') }}
    where subcategory = 'all' and product_sku = 'all'
),

spread as (
    select
        cast(period_start as date) as week_start,
        category,
        handling,
        max(case when kpi = 'category_volume' and stat = 'count' then value end) as tickets,
        max(case when kpi = 'category_volume' and stat = 'share' then value end) as share,
        max(case when kpi = 'category_volume' and stat = 'growth' then value end) as growth,
        max(case when kpi = 'csat' and stat = 'mean' then value end) as csat_mean,
        max(case when kpi = 'escalation_rate' and stat = 'ratio' then numerator end) as escalations,
        max(case when kpi = 'knowledge_gap_rate' and stat = 'count' then value end) as gaps
    from kpi_values
    group by cast(period_start as date), category, handling
),

compared as (
    select
        coalesce(spread.week_start, category_issues.week_start) as week_start,
        coalesce(spread.category, category_issues.category) as category,
        coalesce(spread.handling, category_issues.handling) as handling,
        {%- for figure in ['tickets', 'share', 'growth', 'csat_mean', 'escalations', 'gaps'] %}
        {%- set missing = '-9' if figure in ['growth', 'csat_mean'] else '0' %}
        coalesce(spread.{{ figure }}, {{ missing }}) as {{ figure }}_of_kpi,
        coalesce(category_issues.{{ figure }}, {{ missing }}) as {{ figure }}_of_issues
        {{- ',' if not loop.last }}
        {%- endfor %}
    from spread
    full outer join category_issues
        on spread.week_start = category_issues.week_start
        and spread.category = category_issues.category
        and spread.handling = category_issues.handling
),

broken as (
    select * from compared
    where {% for figure in ['tickets', 'share', 'growth', 'csat_mean', 'escalations', 'gaps'] -%}
        abs({{ figure }}_of_kpi - {{ figure }}_of_issues) > 1e-9
        {{- ' or ' if not loop.last }}
        {%- endfor %}
)

select * from broken
