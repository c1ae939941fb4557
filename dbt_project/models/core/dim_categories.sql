-- One row a category and subcategory that any ticket or episode has had.
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

episodes as (
    select * from {{ ref('fct_episodes') }}
),

unioned as (
    select category, subcategory
    from tickets

    union

    select category, null as subcategory
    from episodes
)

select
    category,
    subcategory,
    category <> 'uncategorised' as is_measurable
from unioned
