-- One row a channel that any ticket came by.
with

tickets as (
    select * from {{ ref('int_tickets') }}
),

channels as (
    select
        channel,
        {{ any_true('is_sync') }} as is_sync,
        channel in ('social', 'facebook', 'instagram', 'twitter', 'x', 'tiktok', 'whatsapp') as is_social
    from tickets
    group by channel
)

select * from channels
