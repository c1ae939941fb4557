with

users as (
    select * from {{ ref('stg_freshdesk__users') }}
    where not is_agent
),

renamed as (
    select
        source,
        user_id as customer_id,
        email,
        phone,
        cast(null as varchar) as merged_into,
        created_at,
        is_test,
        is_internal,
        loaded_at
    from users
)

select * from renamed
