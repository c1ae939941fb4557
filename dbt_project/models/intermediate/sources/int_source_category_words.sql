-- Words for categories that the account's map knows, one row a source and word. Categories are the
-- account's own, so the map begins empty: a source whose kind has no row in it keeps its words.
with

sources as (
    select * from {{ ref('stg_bookbag__sources') }}
),

words as (
    select * from {{ ref('map_category') }}
),

joined as (
    select distinct
        sources.source,
        lower(trim(words.source_value)) as word,
        {{ segment_text('words.target') }} as category
    from sources
    inner join words on sources.kind = words.kind
)

select * from joined
