with

landed as (
    select * from {{ source('bookbag', 'told_alerts') }}
),

renamed as (
    select
        alert_id,
        kpi,
        grain,
        first_bucket,
        opened_at,
        notified_at
    from landed
)

select * from renamed
