-- Where each KPI stands: its latest complete and mature period, against the one before, its
-- baselines and its goals.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
    where not is_hidden
),

periods as (
    select * from {{ ref('kpi_periods') }}
),

kpi_baselines as (
    select * from {{ ref('kpi_baselines') }}
),

own_history as (
    select * from {{ ref('kpi_own_history') }}
),

kpi_targets as (
    select * from {{ ref('kpi_targets') }}
),

kpi_rules as (
    select * from {{ ref('kpi_rules') }}
),

kpi_catalog as (
    select * from {{ ref('kpi_catalog') }}
),

calendar_context as (
    select * from {{ ref('dim_calendar_context') }}
),

-- The newest periods of each stat that are over, whole and mature; 1 is the latest.
recent as (
    select
        kpi_stats.kpi,
        kpi_stats.stat,
        kpi_stats.unit,
        kpi_stats.min_n,
        periods.grain,
        periods.period_start,
        row_number() over (
            partition by kpi_stats.kpi, kpi_stats.stat, periods.grain
            order by periods.period_start desc
        ) as recency
    from kpi_stats
    inner join periods
        on {{ has_grain('kpi_stats', 'periods') }}
        and {{ add_seconds('periods.ends_at', 'kpi_stats.look_ahead_s') }} <= kpi_stats.data_as_of
        and periods.starts_at >= kpi_stats.first_loaded_at
),

latest as (
    select
        kpi_values.*,
        recent.unit,
        {{ slice_name() }} as slice
    from kpi_values
    inner join recent
        on kpi_values.kpi = recent.kpi
        and kpi_values.stat = recent.stat
        and kpi_values.grain = recent.grain
        and kpi_values.period_start = recent.period_start
    where recent.recency = 1
),

earlier as (
    select
        kpi_values.kpi, kpi_values.stat, kpi_values.grain, kpi_values.handling,
        kpi_values.channel, kpi_values.category, kpi_values.team, kpi_values.customer_segment,
        max(case when recent.recency = 2 then kpi_values.value end) as previous_value,
        max(case when recent.recency = 3 then kpi_values.value end) as value_before_previous
    from kpi_values
    inner join recent
        on kpi_values.kpi = recent.kpi
        and kpi_values.stat = recent.stat
        and kpi_values.grain = recent.grain
        and kpi_values.period_start = recent.period_start
    where recent.recency in (2, 3)
    group by
        kpi_values.kpi, kpi_values.stat, kpi_values.grain, kpi_values.handling,
        kpi_values.channel, kpi_values.category, kpi_values.team, kpi_values.customer_segment
),

based as (
    select
        latest.*,
        earlier.previous_value,
        earlier.value_before_previous,
        {{ scaled_baseline('rolling') }} as baseline_30d,
        rolling.n as baseline_30d_n,
        {{ scaled_baseline('before_ai') }} as baseline_pre_ai,
        before_ai.n as baseline_pre_ai_n,
        {{ scaled_baseline('seasonal') }} as baseline_12m,
        seasonal.n as baseline_12m_n,
        {{ days_between('cast(seasonal.period_start as date)', 'cast(seasonal.period_end as date)') }}
            as baseline_12m_days
    from latest
    left join earlier
        on latest.kpi = earlier.kpi and latest.stat = earlier.stat
        and latest.grain = earlier.grain and {{ same_segments('latest', 'earlier') }}
    left join kpi_baselines as rolling
        on rolling.grain = 'baseline_30d' and latest.kpi = rolling.kpi
        and latest.stat = rolling.stat and {{ same_segments('latest', 'rolling') }}
    left join kpi_baselines as before_ai
        on before_ai.grain = 'baseline_pre_ai' and latest.kpi = before_ai.kpi
        and latest.stat = before_ai.stat and {{ same_segments('latest', 'before_ai') }}
    left join kpi_baselines as seasonal
        on seasonal.grain = 'baseline_12m' and latest.kpi = seasonal.kpi
        and latest.stat = seasonal.stat and {{ same_segments('latest', 'seasonal') }}
),

daily_tickets as (
    select handling, channel, category, team, customer_segment, value
    from kpi_baselines
    where grain = 'baseline_30d' and kpi = 'tickets_created' and stat = 'count'
),

aimed as (
    select
        based.kpi, based.stat, based.grain, based.handling, based.channel, based.category,
        based.team, based.customer_segment,
        kpi_targets.direction,
        kpi_targets.is_absolute,
        kpi_targets.lowest,
        kpi_targets.good * case when kpi_targets.is_times_daily then daily_tickets.value else 1 end
            as good,
        kpi_targets.better
            * case when kpi_targets.is_times_daily then daily_tickets.value else 1 end as better,
        kpi_targets.best * case when kpi_targets.is_times_daily then daily_tickets.value else 1 end
            as best,
        row_number() over (
            partition by
                based.kpi, based.stat, based.grain, based.handling, based.channel, based.category,
                based.team, based.customer_segment
            order by kpi_targets.specificity desc, kpi_targets.valid_from desc, kpi_targets.good
        ) as choice
    from based
    inner join kpi_targets
        on based.kpi = kpi_targets.kpi
        and based.stat = kpi_targets.stat
        and kpi_targets.valid_from <= cast(based.period_start as date)
        {%- for column in ['handling'] + kpi_dimensions() %}
        and kpi_targets.{{ column }} in ('any', based.{{ column }})
        {%- endfor %}
    left join daily_tickets on {{ same_segments('based', 'daily_tickets') }}
),

ruled as (
    select
        based.kpi, based.stat, based.grain, based.handling, based.channel, based.category,
        based.team, based.customer_segment,
        min(kpi_rules.rule) as breach_rule,
        {{ value_at_first(rule_limit(), 'kpi_rules.rule') }} as breach_bound,
        {{ value_at_first('kpi_rules.is_muted_by_context', 'kpi_rules.rule') }} as is_muted_by_context
    from based
    inner join kpi_rules
        on based.kpi = kpi_rules.kpi
        and based.stat = kpi_rules.stat
        and based.grain = kpi_rules.grain
        and kpi_rules.slices like '%|' || based.slice || '|%'
        -- Of the handling split its two sides: what they are made of would say the same again.
        and based.handling in ('all', 'ai_handled', 'human_handled')
    where not based.is_low_sample
        and {{ breaks_rule('based.value') }}
        and (kpi_rules.periods < 2 or {{ breaks_rule('based.previous_value') }})
        and (kpi_rules.periods < 3 or {{ breaks_rule('based.value_before_previous') }})
    group by
        based.kpi, based.stat, based.grain, based.handling, based.channel, based.category,
        based.team, based.customer_segment
),

noted as (
    select
        latest.kpi,
        latest.grain,
        latest.period_start,
        {{ joined_text('calendar_context.name', 'calendar_context.name', '; ') }} as context_note
    from (select distinct kpi, grain, period_start, period_end from latest) as latest
    inner join calendar_context
        on calendar_context.starts_on < cast(latest.period_end as date)
        and calendar_context.ends_on >= cast(latest.period_start as date)
        and (calendar_context.kpi is null or calendar_context.kpi = latest.kpi)
    group by latest.kpi, latest.grain, latest.period_start
),

joined as (
    select
        based.kpi, based.stat, based.grain, based.handling, based.channel, based.category,
        based.team, based.customer_segment,
        based.period_start,
        based.period_end,
        based.unit,
        based.value,
        based.numerator,
        based.denominator,
        based.n,
        based.previous_value,
        based.baseline_30d,
        based.baseline_30d_n,
        based.baseline_pre_ai,
        based.baseline_pre_ai_n,
        based.baseline_12m,
        based.baseline_12m_n,
        based.baseline_12m_days,
        own_history.own_p25,
        own_history.own_p50,
        own_history.own_p75,
        own_history.own_periods,
        aimed.good,
        aimed.better,
        aimed.best,
        {{ tier_reached('based.value', 'aimed') }} as target_tier,
        ruled.kpi is not null as is_breach,
        ruled.breach_rule,
        ruled.breach_bound,
        coalesce(ruled.is_muted_by_context and noted.context_note is not null, false)
            as is_expected,
        kpi_catalog.owner,
        kpi_catalog.protocol,
        noted.context_note,
        based.is_low_sample,
        based.data_as_of
    from based
    inner join kpi_catalog on based.kpi = kpi_catalog.kpi
    left join aimed
        on based.kpi = aimed.kpi and based.stat = aimed.stat and based.grain = aimed.grain
        and {{ same_segments('based', 'aimed') }} and aimed.choice = 1
    left join ruled
        on based.kpi = ruled.kpi and based.stat = ruled.stat and based.grain = ruled.grain
        and {{ same_segments('based', 'ruled') }}
    left join own_history
        on based.kpi = own_history.kpi and based.stat = own_history.stat
        and based.grain = own_history.grain and {{ same_segments('based', 'own_history') }}
    left join noted
        on based.kpi = noted.kpi and based.grain = noted.grain
        and based.period_start = noted.period_start
)

select * from joined
