-- Both sides of a merge have a part of it, at about one instant, but neither part names the other:
-- the one that was merged away is linked to its survivor. Of several linked ones it is the one that
-- took a conversation in then.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

parts as (
    select * from {{ ref('stg_intercom__parts') }}
),

left_behind as (
    select
        source,
        ticket_id,
        max(occurred_at) as occurred_at,
        {{ value_at_last('part_id', 'seq') }} as part_id,
        {{ value_at_last('author_kind', 'seq') }} as author_kind,
        {{ value_at_last('author_id', 'seq') }} as author_id,
        max(seq) as seq,
        max(loaded_at) as loaded_at
    from parts
    where part_type = 'merged_secondary_conversation'
    group by source, ticket_id
),

links as (
    select
        source,
        ticket_id,
        {{ items_of('links') }} as link
    from conversations
),

linked as (
    select
        source,
        ticket_id,
        {{ field_value('link') }} as other_id
    from links
    where {{ field_name('link') }} = 'conversation'
),

candidates as (
    select
        left_behind.source,
        left_behind.ticket_id,
        left_behind.part_id,
        left_behind.seq,
        left_behind.occurred_at,
        left_behind.author_kind,
        left_behind.author_id,
        linked.other_id as merged_into,
        left_behind.loaded_at,
        row_number() over (
            partition by left_behind.source, left_behind.ticket_id
            order by
                case when taken.part_id is null then 1 else 0 end,
                abs({{ seconds_between('left_behind.occurred_at', 'taken.occurred_at') }}),
                linked.other_id
        ) as candidate_rank
    from left_behind
    inner join linked
        on left_behind.source = linked.source and left_behind.ticket_id = linked.ticket_id
    left join parts as taken
        on linked.source = taken.source
        and linked.other_id = taken.ticket_id
        and taken.part_type = 'merged_primary_conversation'
)

select * from candidates
where candidate_rank = 1
