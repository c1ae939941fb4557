-- What people write about, by product and week. Each figure is dated and split as the KPI of that
-- name, so that a row of a whole category says what kpi_values says of it.
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable
),

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and score_5 is not null
),

account as (
    select * from {{ ref('dim_accounts') }}
),

counted as (
    select
        ticket_key, first_customer_message_at as happened_at, handling, handling_side, category,
        ticket_id, 0 as escalations, 0 as gaps, 0 as lost_resolutions,
        cast(null as double) as score_5
    from tickets
    where is_countable

    union all

    select
        ticket_key, opened_at as happened_at, handling, handling_side, category,
        null as ticket_id,
        case when is_escalated then 1 else 0 end as escalations,
        case when has_knowledge_gap then 1 else 0 end as gaps,
        case when has_knowledge_gap and not is_ai_resolved then 1 else 0 end as lost_resolutions,
        null as score_5
    from episodes
    where is_escalated or has_knowledge_gap

    union all

    select
        ticket_key, first_rated_at as happened_at, handling, handling_side, category,
        null as ticket_id, 0 as escalations, 0 as gaps, 0 as lost_resolutions, score_5
    from ratings
),

placed as (
    select
        counted.*,
        coalesce({{ segment_text('tickets.subcategory') }}, 'unknown') as subcategory,
        coalesce({{ segment_text('tickets.product_sku') }}, 'unknown') as product_sku,
        cast({{ period_start(
            'week', local_time('counted.happened_at', 'account.timezone'), 'account.week_start'
        ) }} as date) as week_start
    from counted
    inner join tickets on counted.ticket_key = tickets.ticket_key
    cross join account
    where counted.happened_at
        >= least(account.tickets_first_loaded_at, account.orders_first_loaded_at)
),

sliced as (
    {{ by_handling('placed', [
        'week_start', 'category', 'subcategory', 'product_sku', 'ticket_key', 'ticket_id',
        'happened_at', 'escalations', 'gaps', 'lost_resolutions', 'score_5',
    ]) }}
),

-- Only the newest of each smallest group can be a sample of a wider one.
ranked as (
    select
        *,
        case when row_number() over (
            partition by week_start, category, subcategory, product_sku, handling_slice
            order by case when ticket_id is null then 1 else 0 end, happened_at desc, ticket_key
        ) <= 10 then ticket_id end as sample_ticket_id
    from sliced
),

-- Each row four times: with and without subcategory and product.
summed as (
    select
        ranked.week_start,
        ranked.category,
        case when levels.has_subcategory then ranked.subcategory else 'all' end as subcategory,
        case when levels.has_product then ranked.product_sku else 'all' end as product_sku,
        ranked.handling_slice as handling,
        count(ranked.ticket_id) as tickets,
        avg(ranked.score_5) as csat_mean,
        sum(ranked.escalations) as escalations,
        sum(ranked.gaps) as gaps,
        sum(ranked.lost_resolutions) as lost_resolutions,
        {{ newest_texts('ranked.sample_ticket_id', 'ranked.happened_at desc, ranked.ticket_key', 10) }}
            as sample_ticket_ids
    from ranked
    cross join {{ constant_rows(
        'levels', ['has_subcategory', 'has_product'],
        [['true', 'true'], ['true', 'false'], ['false', 'true'], ['false', 'false']]
    ) }}
    group by
        ranked.week_start,
        ranked.category,
        case when levels.has_subcategory then ranked.subcategory else 'all' end,
        case when levels.has_product then ranked.product_sku else 'all' end,
        ranked.handling_slice
),

compared as (
    select
        *,
        sum(case when subcategory = 'all' and product_sku = 'all' then tickets end) over (
            partition by week_start, handling
        ) as all_tickets,
        coalesce(sum(tickets) over (
            partition by category, subcategory, product_sku, handling
            order by week_start
            range between interval '28' day preceding and interval '7' day preceding
        ), 0) / 4.0 as tickets_before
    from summed
),

grown as (
    select
        compared.*,
        case
            when {{ utc_instant(
                'cast(' ~ add_days('compared.week_start', '-28') ~ ' as timestamp)',
                'account.timezone'
            ) }} >= account.tickets_first_loaded_at
                and compared.tickets >= account.min_n
                and compared.tickets_before >= account.min_n
                then compared.tickets / compared.tickets_before - 1
        end as growth,
        {{ utc_instant(
            'cast(' ~ add_days('compared.week_start', '7') ~ ' as timestamp)', 'account.timezone'
        ) }} > account.data_as_of
        or {{ utc_instant('cast(compared.week_start as timestamp)', 'account.timezone') }}
            < account.tickets_first_loaded_at as is_partial,
        account.has_messages,
        account.has_messages and account.has_handoff_reasons as has_gaps,
        account.has_resolves,
        account.data_as_of
    from compared
    cross join account
)

select
    week_start,
    category,
    subcategory,
    product_sku,
    handling,
    cast(tickets as bigint) as tickets,
    tickets / nullif(cast(all_tickets as double), 0) as share,
    cast(growth as double) as growth,
    csat_mean,
    case when has_messages then cast(escalations as bigint) end as escalations,
    case when has_gaps then cast(gaps as bigint) end as gaps,
    case when has_gaps and has_resolves then cast(lost_resolutions as bigint) end
        as lost_resolutions,
    coalesce(growth > 0.5 and tickets >= 20, false) as quality_flag,
    sample_ticket_ids,
    is_partial,
    data_as_of
from grown
