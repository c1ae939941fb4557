{#
  What a build has to look at again. The lists hold every ticket, and every order, that has changed
  since the last finished build, or that hangs on one that has (see int_changed_tickets). A model with a
  `unique_key` of a list is built anew for those alone; its inputs are read through `changed`.
#}
{% macro changed_list(keys) -%}
    {#- A linter that only renders knows no model. -#}
    {%- set kind = kind_of(model) if model is defined else none -%}
    {%- if kind -%}
        (select source, _key as {{ keys.split(', ')[1] }} from ({{ new_documents() }}))
    {%- elif 'period_start' in keys -%}
        {#- While the project is parsed a model's meta is not known yet, so both are named. -#}
        {%- set reached = ref('kpi_reached_periods') if not execute
            or (config.get('meta') or {}).get('changes') -%}
        {{ reached or ref('dim_touched_periods') }}
        {%- if not execute -%}{%- do ref('dim_touched_periods') -%}{%- endif -%}
    {%- else -%}
        {%- set layer = 'dim' if model is defined and model.path.startswith('core') else 'int' -%}
        {{ ref(layer ~ '_changed_' ~ ('orders' if 'order' in keys else 'tickets')) }}
        {#- By which a fact's rows are compared; see targets_reached. -#}
        {%- if not execute and layer == 'dim' -%}{%- do ref('int_clock_targets') -%}{%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A relation's rows of the tickets (or orders, or periods) that this build looks at anew. #}
{% macro changed(name, keys='ticket_key') -%}
    {%- set relation = ref(name) -%}
    {%- if is_partial() or not execute -%}
        (select * from {{ relation }} where {{ is_changed(keys) }})
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro is_changed(keys) -%}
    {%- if is_partial() or not execute -%}
        ({{ keys }}) in (select {{ keys }} from {{ changed_list(keys) }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Another when any model between the sources and the marts is. #}
{% macro models_mark() -%}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set sums = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.path.split('/')[0] in ('intermediate', 'core') -%}
        {%- do sums.append(node.unique_id ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {{ return(local_md5(sums | sort | join)) }}
{%- endmacro %}

{#
  After a build: what it was made of, so that the next one can tell what is new. Only where every model
  that is built by changes has been; else the next build looks at the same again. What has landed is
  told by kind (remember_loads): a build may leave out those that the account has not.
#}
{% macro remember_build(results) %}
    {%- set done = [] -%}
    {%- for result in results if result.status in ('success', 'pass') -%}
        {%- do done.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set left = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.config.materialized == 'incremental'
            and not kind_of(node) and node.unique_id not in done -%}
            {%- do left.append(node.unique_id) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set is_build = execute and flags.WHICH in ('run', 'build') -%}
    {%- if is_build -%}
        begin;
        {{- remember_loads(done) }}
        commit;
    {%- endif -%}
    {%- if not execute or (not left and is_build) -%}
        begin;
        delete from raw_bookbag.touched;
        create or replace table raw_bookbag.built_account as
            select data_as_of from {{ ref('int_accounts') }};
        create or replace table raw_bookbag.built_settings as
            select name, mark from {{ ref('int_setting_marks') }};
        create or replace table raw_bookbag.built_customers as
            select customer_key, mark from {{ ref('dim_customer_marks') }};
        create or replace table raw_bookbag.built_orders as
            select order_key, source, order_id, customer_key, order_number, mark
            from {{ ref('int_order_marks') }};
        create or replace table raw_bookbag.built_mentions as
            select distinct marks.ticket_key, mentions.order_number
            from {{ ref('int_source_order_mentions') }} as mentions
            inner join {{ ref('int_ticket_marks') }} as marks
                on mentions.source = marks.source and mentions.ticket_id = marks.ticket_id;
        create or replace table raw_bookbag.built_tickets as
            select
                marks.ticket_key, marks.source, marks.ticket_id, marks.survivor_key,
                marks.customer_key, marks.order_number, marks.mark,
                unsettled.ticket_key is not null as is_unsettled,
                case when looked_at.ticket_key is null then before.due_at else unsettled.due_at end
                    as due_at
            from {{ ref('int_ticket_marks') }} as marks
            left join ({{ unsettled_tickets() }}) as unsettled
                on marks.ticket_key = unsettled.ticket_key
            left join {{ ref('int_changed_tickets') }} as looked_at
                on marks.ticket_key = looked_at.ticket_key
            left join raw_bookbag.built_tickets as before
                on marks.ticket_key = before.ticket_key;
        commit;
    {%- endif -%}
{% endmacro %}

{#
  Tickets that time alone may change: somebody waits, or the silence that follows the AI's last reply is
  not yet long enough to be taken for consent (K8). Each with the earliest instant at which it may say
  something new: that consent, or that a wait reaches a target, which is no sooner by the business
  clock than by the wall's. Until then a wait only grows.
#}
{% macro unsettled_tickets() -%}
    with unsettled as (
        select
            statuses.ticket_key,
            cast(null as timestamptz) as due_at
        from {{ ref('int_ticket_statuses') }} as statuses
        where statuses.kind = 'now' and coalesce(statuses.state, 'new') not in ('resolved', 'closed')
        {%- for window_s in ['ai_assume_sync_s', 'ai_assume_async_s'] %}

        union all

        select
            silences.ticket_key,
            case when silences.until_at > silences.data_as_of then silences.until_at end as due_at
        from (
            select
                episodes.ticket_key,
                episodes.resolved_at,
                account.data_as_of,
                {{ add_seconds('episodes.last_ai_reply_at', 'account.' ~ window_s) }} as until_at
            from {{ ref('int_episodes') }} as episodes
            cross join {{ ref('int_accounts') }} as account
        ) as silences
        where silences.resolved_at is null or silences.until_at > silences.data_as_of
        {%- endfor %}
    ),

    waits as (
        select ticket_key, due_at from unsettled
        {%- set targets, account = ref('int_clock_targets'), ref('int_accounts') %}
        {%- set episodes = ref('int_episodes') %}
        {%- set waiting = ['fct_tickets', 'fct_episodes', 'fct_reply_turns'] %}
        {%- for fact in waiting %}
        {%- set facts = ref(fact) %}
        {%- for column in ageing_columns(fact) %}

        union all

        select
            facts.ticket_key,
            {#- Waits are whole seconds, of which a part has passed already. #}
            {{ add_seconds('account.data_as_of', 'targets.target_s - 1 - facts.' ~ column) }} as due_at
        from {{ facts }} as facts
        inner join {{ targets }} as targets on targets.target_s > facts.{{ column }}
        {%- if fact != 'fct_tickets' %}
        inner join {{ episodes }} as episodes
            on facts.ticket_key = episodes.ticket_key
            and facts.episode_seq = episodes.episode_seq
            and episodes.resolved_at is null
        {%- endif %}
        cross join {{ account }} as account
        where facts.ticket_key in (select ticket_key from unsettled)
        {%- endfor %}
        {%- endfor %}
    )

    select ticket_key, min(due_at) as due_at
    from waits
    group by ticket_key
    {%- for measure in kpi_measures()
        if measure.kind == 'within_target' and measure.within_target.unanswered
        and measure.fact not in waiting -%}
        {{ exceptions.raise_compiler_error(
            measure.fact ~ " holds a wait that has a target; unsettled_tickets has to look at it"
        ) }}
    {%- endfor %}
{%- endmacro %}

{# Whether the build only follows what has just come (BOOKBAG_BUILD=live). #}
{% macro is_live() -%}
    {{ return(execute and env_var('BOOKBAG_BUILD', 'whole') == 'live') }}
{%- endmacro %}

{#
  Whether a model is made anew in part. Figures are, in a build that only follows what has just come,
  unless every period is touched; see dim_touched_periods.
#}
{% macro is_partial() -%}
    {#- A unit test has no table. -#}
    {%- if not execute or this is none or not is_incremental() -%}{{ return(false) }}{%- endif -%}
    {%- if kind_of(model) -%}{{ return(is_kind_built()) }}{%- endif -%}
    {%- if 'period_start' not in config.get('unique_key') -%}{{ return(true) }}{%- endif -%}
    {%- if not is_live() -%}{{ return(false) }}{%- endif -%}
    {%- set everything = run_query(
        "select count(*) from " ~ ref('dim_touched_periods') ~ " where grain = 'everything'"
    ) -%}
    {{ return(everything.columns[0].values()[0] == 0) }}
{%- endmacro %}

{#
  The instants by which a fact's rows are dated in KPIs; none for one that is made whole anyway. A span
  counts for stocks in all of its time.
#}
{% macro dating_columns(fact) -%}
    {%- if fact == 'fct_state_intervals' -%}{{ return(['valid_from to valid_to']) }}{%- endif -%}
    {%- set columns = [] -%}
    {%- for measure in kpi_measures()
        if measure.fact == fact and not measure.snapshot and measure.at not in columns -%}
        {%- do columns.append(measure.at) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#
  Columns of a fact that grow while somebody waits. KPIs only ask whether they have reached a target,
  so nothing is touched before they do.
#}
{% macro ageing_columns(fact) -%}
    {%- set ageing = [] -%}
    {%- for measure in kpi_measures() if measure.fact == fact and measure.kind == 'within_target' -%}
        {%- do ageing.append(measure.within_target.unanswered) -%}
    {%- endfor -%}
    {{ return(ageing | select | unique | list) }}
{%- endmacro %}

{# How many targets a column has reached. #}
{% macro targets_reached(column) -%}
    (
        select count(distinct target_s)
        from {{ ref('int_clock_targets') }}
        where target_s <= {{ column }}
    )
{%- endmacro %}
