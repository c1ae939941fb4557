-- What is in the trash is deleted; of it the last version outside of the trash tells how it stood.
with

named as (
    {{ named_orders(
        source('landed', 'woocommerce_orders'),
        number='_key',
        name=json_text('payload', '$.number'),
        placed_at=utc_instant_of('payload', '$.date_created_gmt'),
        is_trashed=json_text('payload', '$.status') ~ " = 'trash'",
    ) }}
),

renamed as (
    select
        source,
        _key as order_key,
        order_id,
        placed_at,
        payload,
        is_deleted,
        loaded_at
    from named
)

select * from renamed
