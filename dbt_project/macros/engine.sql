{# Every difference between engines lives here, one macro a difference. #}

{% macro text_type() %}{{ return('varchar') }}{% endmacro %}

{% macro union_by_name() %}{{ return(' union all by name ') }}{% endmacro %}

{# Instant (UTC) → wall time in a zone, a timestamp without zone. #}
{% macro local_time(instant, zone) -%}
    timezone({{ zone }}, {{ instant }})
{%- endmacro %}

{% macro local_date(instant, zone) -%}
    cast(timezone({{ zone }}, {{ instant }}) as date)
{%- endmacro %}

{#
  Wall time in a zone → instant. A repeated hour is its first pass; ICU gives the last, so an hour
  less is tried. A skipped hour moves forward by the gap.
#}
{% macro utc_instant(wall_time, zone) -%}
    case
        when timezone({{ zone }}, timezone({{ zone }}, {{ wall_time }}) - interval 1 hour)
            = {{ wall_time }}
            then timezone({{ zone }}, {{ wall_time }}) - interval 1 hour
        else timezone({{ zone }}, {{ wall_time }})
    end
{%- endmacro %}

{# Whole seconds between two instants, floored to the second of each. #}
{% macro seconds_between(earlier, later) -%}
    cast(floor(epoch({{ later }}) - epoch({{ earlier }})) as bigint)
{%- endmacro %}

{# K2: a duration down to -300 s is clock skew and 0; below it is unknown. #}
{% macro duration_s(earlier, later) -%}
    case
        when {{ seconds_between(earlier, later) }} >= 0
            then {{ seconds_between(earlier, later) }}
        when {{ seconds_between(earlier, later) }} >= -300 then 0
    end
{%- endmacro %}

{% macro add_seconds(instant, seconds) -%}
    ({{ instant }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro add_days(day, days) -%}
    cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro month_start(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{% macro quarter_start(day) -%}
    cast(date_trunc('quarter', {{ day }}) as date)
{%- endmacro %}

{# 1 = Monday … 7 = Sunday. #}
{% macro iso_weekday(day) -%}
    isodow({{ day }})
{%- endmacro %}

{% macro hour_start(instant) -%}
    date_trunc('hour', {{ instant }})
{%- endmacro %}

{% macro hash_text(expression) -%}
    substr(sha256({{ expression }}), 1, 32)
{%- endmacro %}

{# Stable key over parts; a missing part cannot be taken for an empty one. #}
{% macro surrogate_key(parts) -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- do texts.append("coalesce(cast(" ~ part ~ " as " ~ text_type() ~ "), chr(1))") -%}
    {%- endfor -%}
    {{ hash_text(texts | join(" || '|' || ")) }}
{%- endmacro %}

{% macro count_if(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}

{# True if any row holds; NULL only where no row says anything. #}
{% macro any_true(condition) -%}
    coalesce(bool_or({{ condition }}), false)
{%- endmacro %}

{# Value of the first/last row by an order expression. #}
{% macro value_at_first(value, ordering) -%}
    arg_min({{ value }}, {{ ordering }})
{%- endmacro %}

{% macro value_at_last(value, ordering) -%}
    arg_max({{ value }}, {{ ordering }})
{%- endmacro %}

{# Rows of integers from one bound to the other, both included: column `step`. #}
{% macro integer_rows(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}

{# All order numbers that a text names: "#10023", "order 10023", "order no. AB-10023". #}
{% macro order_numbers_in(text) -%}
    unnest({{ order_number_list(text) }})
{%- endmacro %}

{# The same in one row, as a list, see items_of; NULL where there are none. #}
{% macro order_number_list(text) -%}
    nullif(regexp_extract_all(
        lower({{ text }}), '(?:#|order\s*(?:no\.?|nr\.?|number)?\s*#?)\s*([a-z]{0,4}-?[0-9]{3,}[a-z0-9-]*)', 1
    ), [])
{%- endmacro %}

{# The texts of a group, each once, as a list. #}
{% macro texts_of_group(value) -%}
    list(distinct {{ value }} order by {{ value }})
{%- endmacro %}

{# A row for each item of a list; only in a select list. #}
{% macro items_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{# A list of texts that is kept as JSON text; NULL where it is none. #}
{% macro text_list(list_text) -%}
    from_json(case when {{ list_text }} like '[%' then {{ list_text }} end, '["varchar"]')
{%- endmacro %}

{# The items of a list that another has not; NULL where there are none. #}
{% macro items_beyond(list, other) -%}
    nullif(list_filter({{ list }}, lambda x: not list_contains(coalesce({{ other }}, []), x)), [])
{%- endmacro %}

{% macro percentile(value, fraction) -%}
    percentile_cont({{ fraction }}) within group (order by {{ value }})
{%- endmacro %}

{# Whole hours from one hour to another, both included. #}
{% macro hour_rows(first_hour, last_hour) -%}
    unnest(generate_series({{ first_hour }}, {{ last_hour }}, interval 1 hour))
{%- endmacro %}

{# A date and a clock text 'HH:MM' (up to 24:00) → wall time. #}
{% macro wall_clock(day, clock) -%}
    (cast({{ day }} as timestamp) + to_minutes(
        cast(split_part({{ clock }}, ':', 1) as integer) * 60
        + cast(split_part({{ clock }}, ':', 2) as integer)
    ))
{%- endmacro %}

{% macro add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{# Texts of a group in one, in an order. #}
{% macro joined_text(value, ordering, separator) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ ordering }})
{%- endmacro %}

{# Every quarter of an hour from one instant on, up to another: no zone's clock is off by less. #}
{% macro quarter_hour_rows(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 15 minute))
{%- endmacro %}

{# Elements of a list kept as JSON text, one row each. #}
{% macro texts_of_list(list_text) -%}
    unnest(from_json({{ list_text }}, '["varchar"]'))
{%- endmacro %}

{# 'YYYY-MM' → the wall time at which that month begins. #}
{% macro month_of_text(month) -%}
    cast({{ month }} || '-01' as timestamp)
{%- endmacro %}

{#
  Pearson's correlation; NULL where one side does not vary. From sums, which ranks keep exact: a
  running corr() rounds at each row, and not alike in every run.
#}
{% macro correlation(one, other) -%}
    (count(*) * sum({{ one }} * {{ other }}) - sum({{ one }}) * sum({{ other }}))
    / nullif(sqrt(
        cast(count(*) * sum({{ one }} * {{ one }}) - sum({{ one }}) * sum({{ one }}) as double)
        * cast(
            count(*) * sum({{ other }} * {{ other }}) - sum({{ other }}) * sum({{ other }}) as double
        )
    ), 0)
{%- endmacro %}

{# The newest few texts of a group as a JSON array; rows without a text are none. #}
{% macro newest_texts(value, newest_first, limit) -%}
    coalesce(
        cast(to_json(list_slice(
            list({{ value }} order by {{ newest_first }}) filter (where {{ value }} is not null),
            1, {{ limit }}
        )) as varchar),
        '[]'
    )
{%- endmacro %}

{# Text at a path of a JSON document, such as $.via.channel; NULL where there is none. #}
{% macro json_text(document, path) -%}
    json_extract_string({{ document }}, '{{ path }}')
{%- endmacro %}

{# A row for each item of the JSON list at a path, as JSON text; only in a select list. #}
{% macro json_items(document, path) -%}
    unnest(cast(json_extract({{ document }}, '{{ path }}') as json[]))
{%- endmacro %}

{# The JSON list of texts at a path, as JSON text. #}
{% macro json_list(document, path) -%}
    cast(json_extract({{ document }}, '{{ path }}') as varchar)
{%- endmacro %}

{# Text → instant; NULL where it is none. #}
{% macro instant(text) -%}
    try_cast({{ text }} as timestamptz)
{%- endmacro %}

{# The first of these keys that a JSON document has, null or not; NULL where it has none. #}
{% macro first_key_of(document, keys) -%}
    case
        {%- for key in keys %}
        when json_exists({{ document }}, '$.{{ key }}') then '{{ key }}'
        {%- endfor %}
    end
{%- endmacro %}

{# The key of a JSON object that has one. #}
{% macro only_key(document, path) -%}
    json_keys({{ document }}, '{{ path }}')[1]
{%- endmacro %}

{% macro only_value(document, path) -%}
    json_extract_string({{ document }}, '{{ path }}.*')[1]
{%- endmacro %}

{# What the first group of a pattern matches; NULL where it does not. #}
{% macro first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{# Text at a key of a JSON object, the key being a column; NULL where there is none. #}
{% macro json_text_at(document, key) -%}
    json_extract_string({{ document }}, '$."' || {{ key }} || '"')
{%- endmacro %}

{# Whether a JSON list of texts holds this one; NULL where it is no list. #}
{% macro has_item(list_text, item) -%}
    list_contains({{ text_list(list_text) }}, '{{ item }}')
{%- endmacro %}

{# Seconds since 1970 as text → instant; NULL where it is none. #}
{% macro instant_of_epoch(text) -%}
    to_timestamp(try_cast({{ text }} as bigint))
{%- endmacro %}

{# The texts that a path with a * finds in a JSON document, as a JSON list; [] where none. #}
{% macro json_texts(document, path) -%}
    cast(to_json(json_extract_string({{ document }}, '{{ path }}')) as varchar)
{%- endmacro %}

{# The fields of the JSON object at a path, as a list; see items_of, field_name and field_value. #}
{% macro fields_of_object(document, path) -%}
    map_entries({{ texts_by_key(document, path) }})
{%- endmacro %}

{# The same of a JSON list whose objects name a field and hold its value; those without one are left. #}
{% macro fields_of_list(document, path, name, value) -%}
    list_filter(
        list_transform(
            try_cast(json_extract({{ document }}, '{{ path }}') as json[]),
            lambda x: {
                'key': json_extract_string(x, '{{ name }}'),
                'value': json_extract_string(x, '{{ value }}')
            }
        ),
        lambda x: x['value'] is not null
    )
{%- endmacro %}

{# The texts of the JSON object at a path, to be looked up by key; NULL where there is none. #}
{% macro texts_by_key(document, path) -%}
    try_cast(json_extract({{ document }}, '{{ path }}') as map(varchar, varchar))
{%- endmacro %}

{% macro text_of_key(texts, key) -%}
    {{ texts }}[{{ key }}]
{%- endmacro %}

{% macro field_name(field) -%}
    {{ field }}['key']
{%- endmacro %}

{% macro field_value(field) -%}
    {{ field }}['value']
{%- endmacro %}

{# What is read of a text in HTML: no tags, and a space for each character that is written out. #}
{% macro text_of_html(html) -%}
    trim(regexp_replace({{ html }}, '<[^>]*>|&#?[A-Za-z0-9]+;', ' ', 'g'))
{%- endmacro %}

{# Text at a path of a JSON document → instant; one without an offset is UTC, NULL where none is. #}
{% macro utc_instant_of(document, path) -%}
    try_cast(regexp_replace(
        {{ json_text(document, path) }}, '(T[0-9:.]+)$', '\1+00:00'
    ) as timestamptz)
{%- endmacro %}

{# What a path with a wildcard finds in a JSON document, as the JSON text of a list. #}
{% macro json_values(document, path) -%}
    cast(to_json(json_extract({{ document }}, '{{ path }}')) as varchar)
{%- endmacro %}

{# A number that is another, all but surely, when any of what is given is; NULL counts like a value. #}
{% macro row_mark() -%}
    cast(hash({{ varargs | join(', ') }}) as hugeint)
{%- endmacro %}
