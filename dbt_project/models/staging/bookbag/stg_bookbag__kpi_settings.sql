with

landed as (
    select * from {{ source('bookbag', 'kpi_settings') }}
),

renamed as (
    select
        kpi,
        owner,
        protocol,
        cadence,
        good,
        better,
        best,
        alert_below,
        alert_above,
        min_n
    from landed
)

select * from renamed
