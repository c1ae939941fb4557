-- An order goes by its name, which tickets and texts use; of two with one name the later gets its
-- number too. A deleted one stays as it was last told.
with

documents as (
    {{ newest_documents(source('landed', 'shopify_orders')) }}
),

told as (
    select
        source,
        _key,
        payload,
        loaded_at,
        row_number() over (partition by source, _key order by row_rank) as recency
    from documents
    where not _is_deleted
),

gone as (
    select
        source,
        _key
    from documents
    where row_rank = 1 and _is_deleted
),

read as (
    select
        told.source,
        told._key as order_gid,
        {{ first_match('told._key', '([0-9]+)$') }} as order_number,
        trim({{ json_text('told.payload', '$.name') }}) as order_name,
        {{ instant('coalesce(' ~ json_text('told.payload', '$.processedAt') ~ ', '
            ~ json_text('told.payload', '$.createdAt') ~ ')') }} as placed_at,
        told.payload,
        gone._key is not null as is_deleted,
        told.loaded_at
    from told
    left join gone on told.source = gone.source and told._key = gone._key
    where told.recency = 1
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, order_name order by is_deleted, placed_at, order_gid
        ) as name_rank
    from read
),

named as (
    select
        source,
        order_gid,
        case
            when order_name is null then order_number
            when name_rank = 1 then order_name
            else order_name || '/' || order_number
        end as order_id,
        placed_at,
        payload,
        is_deleted,
        loaded_at
    from ranked
    where placed_at is not null
)

select * from named
