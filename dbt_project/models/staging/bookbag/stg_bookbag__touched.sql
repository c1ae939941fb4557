with

landed as (
    select * from {{ source('bookbag', 'touched') }}
),

renamed as (
    select
        fact,
        touched_from,
        touched_until
    from landed
)

select * from renamed
