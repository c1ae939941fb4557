with

named as (
    {{ named_orders(
        source('landed', 'shopify_orders'),
        number=first_match('_key', '([0-9]+)$'),
        name=json_text('payload', '$.name'),
        placed_at=instant('coalesce(' ~ json_text('payload', '$.processedAt') ~ ', '
            ~ json_text('payload', '$.createdAt') ~ ')'),
    ) }}
),

renamed as (
    select
        source,
        _key as order_gid,
        order_id,
        placed_at,
        payload,
        is_deleted,
        loaded_at
    from named
)

select * from renamed
