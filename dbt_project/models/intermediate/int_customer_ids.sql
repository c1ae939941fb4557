{{ config(materialized='view', tags='live') }}
-- Every customer id that any source names, with the record that stands for it after merges and the
-- address and phone seen with it.
with

customers as (
    select * from {{ ref('int_source_customers') }}
),

tickets as (
    select * from {{ ref('int_source_tickets') }}
),

orders as (
    select * from {{ ref('int_source_orders') }}
),

order_lines as (
    select * from {{ ref('int_source_order_lines') }}
),

nps_responses as (
    select * from {{ ref('stg_files__nps_responses') }}
),

seen as (
    select source, customer_id, email, phone, 0 as trust, is_test, is_internal
    from customers

    {%- for relation in ['tickets', 'orders', 'order_lines'] %}

    union all

    select source, customer_id, customer_email as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from {{ relation }}
    {%- endfor %}

    union all

    select source, customer_id, null as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from nps_responses
),

-- An id's address is its own record's; else the smallest of those seen with it, so that the order
-- of rows decides nothing.
ids as (
    select
        source,
        customer_id,
        source || '|' || customer_id as node,
        coalesce(min(case when trust = 0 then email end), min(email)) as email,
        min(phone) as phone,
        {{ any_true('is_test') }} as is_test,
        {{ any_true('is_internal') }} as is_internal
    from seen
    where customer_id is not null
    group by source, customer_id
),

moves as (
    select
        source || '|' || customer_id as node,
        source || '|' || merged_into as parent
    from customers
    where merged_into is not null and merged_into <> customer_id
),

-- Met by one key each: a join by source and id is open to an order that meets by source alone.
merge_pairs as (
    select
        moves.node,
        moves.parent
    from moves
    inner join ids on moves.node = ids.node
    inner join ids as survivors on moves.parent = survivors.node
),

{{ survivor_ctes('merge_pairs', 'customer') }},

-- Addresses seen without any id: a guest's order, an anonymous ticket.
guests as (
    select
        null as source,
        null as customer_id,
        'email|' || email as node,
        'email|' || email as family,
        email,
        null as phone,
        false as is_test,
        false as is_internal
    from seen
    where email is not null
    group by email
),

rooted as (
    select
        ids.source,
        ids.customer_id,
        ids.node,
        coalesce(customer_roots.root, ids.node) as family,
        ids.email,
        ids.phone,
        ids.is_test,
        ids.is_internal
    from ids
    left join customer_roots on ids.node = customer_roots.node

    union all

    select * from guests
)

select * from rooted
