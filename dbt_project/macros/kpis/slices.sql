{# Slices of a KPI: which there are, how rows are grouped by them, and what a row's is called. #}

{% macro kpi_dimensions() %}
    {{ return(['channel', 'category', 'team', 'customer_segment']) }}
{% endmacro %}

{# Each dimension alone; handling × each other only from the week up (CONTRACT.md). #}
{% macro kpi_all_slices() %}
    {% set slices = ['all', 'handling'] + kpi_dimensions() %}
    {% for dimension in kpi_dimensions() %}
        {% do slices.append('handling*' ~ dimension) %}
    {% endfor %}
    {{ return(slices) }}
{% endmacro %}

{% macro is_single_slice_grain(grain) %}{{ return(grain in ['hour', 'day']) }}{% endmacro %}

{# Grouping columns of the slices at a grain: the side and the high-value segment lie across. #}
{% macro slice_sets(slices, grain) %}
    {% set columns = {
        'all': [], 'handling': ['seg_handling', 'seg_side'], 'channel': ['seg_channel'],
        'category': ['seg_category'], 'team': ['seg_team'],
        'customer_segment': ['seg_customer', 'seg_high_value'],
    } %}
    {% set sets = [] %}
    {% for slice in slices %}
        {% set parts = slice.split('*') %}
        {% if slice == 'all' %}{% do sets.append([]) %}
        {% elif parts | length == 1 %}
            {% for column in columns[slice] %}{% do sets.append([column]) %}{% endfor %}
        {% elif not is_single_slice_grain(grain) %}
            {% for side in columns.handling %}
                {% for column in columns[parts[1]] %}{% do sets.append([side, column]) %}{% endfor %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {{ return(sets) }}
{% endmacro %}

{% macro slice_value(columns, used) -%}
    {%- set present = [] -%}
    {%- for column in columns if column in used -%}{%- do present.append(column) -%}{%- endfor -%}
    {%- if present -%}
        case
        {%- for column in present %}
            when grouping({{ column }}) = 0
                then {{ "case when seg_high_value then 'high_value' end" if column == 'seg_high_value' else column }}
        {%- endfor %}
            else 'all'
        end
    {%- else -%}
        'all'
    {%- endif -%}
{%- endmacro %}

{% macro slice_name() -%}
    case when handling <> 'all' then 'handling' else '' end
    || case when handling <> 'all' and (channel <> 'all' or category <> 'all' or team <> 'all' or customer_segment <> 'all') then '*' else '' end
    || case
        when channel <> 'all' then 'channel'
        when category <> 'all' then 'category'
        when team <> 'all' then 'team'
        when customer_segment <> 'all' then 'customer_segment'
        when handling = 'all' then 'all'
        else ''
    end
{%- endmacro %}

{# A branch groups by every slice that one of its stats has; each stat keeps only its own. #}
{% macro slice_limits(measures, grain) %}
    {%- set everything = [] -%}
    {%- for measure in measures -%}
        {%- for slice in measure.slices if slice not in everything -%}{%- do everything.append(slice) -%}{%- endfor -%}
    {%- endfor -%}
    {%- for measure in measures if measure.slices | length < everything | length %}
        and (
            measure.kpi <> '{{ measure.kpi }}'
            or measure.stat <> '{{ measure.stat }}'
            or slice in ('{{ measure.slices | join("', '") }}')
        )
    {%- endfor -%}
{% endmacro %}

{# Rows of a fact once for the whole and once for each dimension; a NULL segment is in none. #}
{% macro cut_by(relation, dimensions) -%}
    select
        {{ relation }}.*
        {%- for column in dimensions %},
        'all' as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    {%- for dimension in dimensions %}

    union all

    select
        {{ relation }}.*
        {%- for column in dimensions %},
        {{ relation ~ '.' ~ column if column == dimension else "'all'" }} as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    where {{ relation }}.{{ dimension }} is not null
    {%- if dimension == 'customer_segment' %}

    union all

    select
        {{ relation }}.*
        {%- for column in dimensions %},
        {{ "'high_value'" if column == dimension else "'all'" }} as cut_{{ column }}
        {%- endfor %}
    from {{ relation }}
    where {{ relation }}.is_high_value
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
