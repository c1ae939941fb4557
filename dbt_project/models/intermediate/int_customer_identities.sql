{{ config(tags='live') }}
-- Source customer ids and addresses → one customer_key (trap X13): records that were merged, and those
-- that share an address, are one person; a record without any address goes by its phone. Never by a
-- name. Rows without customer_id are the addresses.
{%- set rounds = 4 %}
with

ids as (
    select * from {{ ref('int_customer_ids') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

families as (
    select
        family,
        min(email) as email,
        max(email) as last_email
    from ids
    group by family
),

-- Addresses that one family has are one person's: they take the smallest of them, and pass it on to
-- what else the families that share them have.
shared as (
    select distinct
        ids.family,
        ids.email
    from ids
    inner join families on ids.family = families.family
    where families.email <> families.last_email and ids.email is not null
),

labels_0 as (
    select distinct
        email,
        email as label
    from shared
),

{%- for round in range(1, rounds + 1) %}

family_labels_{{ round }} as (
    select
        shared.family,
        min(labels.label) as label
    from shared
    inner join labels_{{ round - 1 }} as labels on shared.email = labels.email
    group by shared.family
),

labels_{{ round }} as (
    select
        shared.email,
        min(family_labels.label) as label
    from shared
    inner join family_labels_{{ round }} as family_labels on shared.family = family_labels.family
    group by shared.email
),
{%- endfor %}

labels as (
    select
        families.family,
        coalesce(labels.label, families.email, families.family) as label
    from families
    left join labels_{{ rounds }} as labels on families.email = labels.email
),

people as (
    select
        labels.label,
        min(ids.email) as email,
        min(ids.phone) as phone,
        {{ any_true('ids.is_test') }} as is_test,
        {{ any_true('ids.is_internal') }} as is_internal
    from ids
    inner join labels on ids.family = labels.family
    group by labels.label
),

phone_emails as (
    select
        phone,
        min(email) as email
    from people
    where phone is not null and email is not null
    group by phone
),

handled as (
    select
        people.*,
        coalesce(
            'email|' || coalesce(people.email, phone_emails.email),
            'phone|' || people.phone,
            'id|' || people.label
        ) as handle
    from people
    left join phone_emails on people.phone = phone_emails.phone
),

named as (
    select
        handled.label,
        {{ surrogate_key(['account.account_id', 'handled.handle']) }} as customer_key,
        case
            when handled.handle like 'email|%' then 'email'
            when handled.handle like 'phone|%' then 'phone'
            else 'source_id'
        end as match_rule,
        handled.is_test,
        handled.is_internal
    from handled
    cross join account
),

keyed as (
    select
        ids.source,
        ids.customer_id,
        {{ hash_text('ids.email') }} as email_hash,
        named.customer_key,
        named.match_rule,
        named.is_test,
        named.is_internal
    from ids
    inner join labels on ids.family = labels.family
    inner join named on labels.label = named.label
)

select * from keyed
