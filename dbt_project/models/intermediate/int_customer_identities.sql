-- Source customer ids → one customer_key: merged ids follow their survivor, then the same e-mail is
-- the same customer, then the same phone; else the id stands for itself. Never a name.
with

customers as (
    select * from {{ ref('stg_files__customers') }}
),

tickets as (
    select * from {{ ref('stg_files__tickets') }}
),

orders as (
    select * from {{ ref('stg_files__orders') }}
),

order_lines as (
    select * from {{ ref('stg_files__order_lines') }}
),

nps_responses as (
    select * from {{ ref('stg_files__nps_responses') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

seen as (
    select source, customer_id, email, phone, 0 as trust, is_test, is_internal
    from customers

    union all

    select source, customer_id, customer_email as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from tickets

    union all

    select source, customer_id, customer_email as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from orders

    union all

    select source, customer_id, customer_email as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from order_lines

    union all

    select source, customer_id, null as email, null as phone, 1 as trust,
        false as is_test, false as is_internal
    from nps_responses
),

-- An id's address is its own record's; else the smallest of those seen with it, so that the order
-- of rows decides nothing.
identities as (
    select
        source,
        customer_id,
        coalesce(min(case when trust = 0 then email end), min(email)) as email,
        min(phone) as phone,
        {{ any_true('is_test') }} as is_test,
        {{ any_true('is_internal') }} as is_internal
    from seen
    where customer_id is not null
    group by source, customer_id
),

merges as (
    select
        customers.source || '|' || customers.customer_id as node,
        customers.source || '|' || customers.merged_into as parent
    from customers
    inner join identities
        on customers.source = identities.source and customers.merged_into = identities.customer_id
    where customers.merged_into <> customers.customer_id
),

{{ survivor_ctes('merges', 'customer') }},

survivors as (
    select
        identities.source,
        identities.customer_id,
        coalesce(customer_roots.root, identities.source || '|' || identities.customer_id)
            as survivor,
        identities.email,
        identities.phone,
        identities.is_test,
        identities.is_internal,
        customer_roots.root is not null as is_merged
    from identities
    left join customer_roots
        on identities.source || '|' || identities.customer_id = customer_roots.node
),

families as (
    select
        survivor,
        coalesce(min(case when not is_merged then email end), min(email)) as email,
        coalesce(min(case when not is_merged then phone end), min(phone)) as phone
    from survivors
    group by survivor
),

phone_emails as (
    select
        phone,
        min(email) as email
    from families
    where phone is not null and email is not null
    group by phone
),

handles as (
    select
        families.survivor,
        coalesce(
            'email|' || coalesce(families.email, phone_emails.email),
            'phone|' || families.phone,
            'id|' || families.survivor
        ) as handle
    from families
    left join phone_emails on families.phone = phone_emails.phone
),

-- Addresses seen without any id (a guest's order, an anonymous ticket).
guests as (
    select distinct
        source,
        email
    from seen
    where customer_id is null and email is not null
),

unioned as (
    select
        survivors.source,
        survivors.customer_id,
        null as email,
        survivors.is_test,
        survivors.is_internal,
        handles.handle
    from survivors
    inner join handles on survivors.survivor = handles.survivor

    union all

    select
        source,
        null as customer_id,
        email,
        false as is_test,
        false as is_internal,
        'email|' || email as handle
    from guests
),

keyed as (
    select
        unioned.source,
        unioned.customer_id,
        {{ hash_text('unioned.email') }} as email_hash,
        {{ surrogate_key(['account.account_id', 'unioned.handle']) }} as customer_key,
        case
            when unioned.handle like 'email|%' then 'email'
            when unioned.handle like 'phone|%' then 'phone'
            else 'source_id'
        end as match_rule,
        unioned.is_test,
        unioned.is_internal
    from unioned
    cross join account
)

select * from keyed
