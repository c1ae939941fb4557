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

-- Families that share an address take the smallest label, and pass it on to their other addresses.
labels_0 as (
    select distinct
        family,
        family as label
    from ids
),

family_emails as (
    select distinct
        family,
        email
    from ids
    where email is not null
),

{%- for round in range(1, rounds + 1) %}

email_labels_{{ round }} as (
    select
        family_emails.email,
        min(labels.label) as label
    from family_emails
    inner join labels_{{ round - 1 }} as labels on family_emails.family = labels.family
    group by family_emails.email
),

labels_{{ round }} as (
    select
        labels.family,
        min(coalesce(email_labels.label, labels.label)) as label
    from labels_{{ round - 1 }} as labels
    left join family_emails on labels.family = family_emails.family
    left join email_labels_{{ round }} as email_labels on family_emails.email = email_labels.email
    group by labels.family
),
{%- endfor %}

people as (
    select
        labels.label,
        min(ids.email) as email,
        min(ids.phone) as phone,
        {{ any_true('ids.is_test') }} as is_test,
        {{ any_true('ids.is_internal') }} as is_internal
    from ids
    inner join labels_{{ rounds }} as labels on ids.family = labels.family
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

keyed as (
    select
        ids.source,
        ids.customer_id,
        {{ hash_text('ids.email') }} as email_hash,
        {{ surrogate_key(['account.account_id', 'handled.handle']) }} as customer_key,
        case
            when handled.handle like 'email|%' then 'email'
            when handled.handle like 'phone|%' then 'phone'
            else 'source_id'
        end as match_rule,
        handled.is_test,
        handled.is_internal
    from ids
    inner join labels_{{ rounds }} as labels on ids.family = labels.family
    inner join handled on labels.label = handled.label
    cross join account
)

select * from keyed
