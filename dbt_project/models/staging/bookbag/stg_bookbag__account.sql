with

landed as (
    select * from {{ source('bookbag', 'account') }}
),

renamed as (
    select
        account_id,
        timezone,
        currency,
        week_start,
        ai_launch_date,
        ai_coverage_complete_from,
        as_of,
        ai_assume_sync_s,
        ai_assume_async_s,
        resolution_window_s,
        fcr_window_s,
        recontact_window_s,
        recommendation_window_s,
        churn_window_s,
        fte_hours,
        shrinkage,
        min_n,
        code_version
    from landed
)

select * from renamed
