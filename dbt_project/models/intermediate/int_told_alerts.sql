-- Incidents of a KPI that their owners were told of, with the instant at which the first period in
-- breach was over.
with

told_alerts as (
    select * from {{ ref('stg_bookbag__told_alerts') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

ended as (
    select
        told_alerts.*,
        case told_alerts.grain
            {%- for grain in kpi_real_grains() %}
            when '{{ grain }}' then {{ period_end(grain, 'told_alerts.first_bucket') }}
            {%- endfor %}
        end as first_bucket_end,
        account.timezone
    from told_alerts
    cross join account
    where told_alerts.kpi not in ('source_freshness', 'pipeline_runs')
)

select
    alert_id,
    kpi,
    opened_at,
    notified_at,
    {{ utc_instant('first_bucket_end', 'timezone') }} as due_at
from ended
