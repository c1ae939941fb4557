with

landed as (
    {{ newest_rows(source('landed', 'files_refunds')) }}
),

renamed as (
    select
        source,
        _key as refund_id,
        order_id,
        refunded_at,
        amount,
        reason,
        coalesce(kind, 'refund') as kind,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
