-- Customer messages and replies in order: where a responder turn and a session begin (K6, Q4).
with

timeline as (
    select * from {{ changed('int_timeline') }}
    where kind in ('customer', 'ai_reply', 'human_reply')
),

followed as (
    select
        ticket_key,
        row_no,
        episode_seq,
        occurred_at,
        kind,
        actor_key,
        lag(kind) over (partition by ticket_key order by row_no) as kind_before,
        lag(occurred_at) over (partition by ticket_key order by row_no) as at_before,
        lag(occurred_at) over (partition by ticket_key, episode_seq order by row_no)
            as session_at_before
    from timeline
),

judged as (
    select
        ticket_key,
        row_no,
        episode_seq,
        occurred_at,
        kind,
        actor_key,
        kind <> 'customer' and (
            kind_before is null
            or kind_before <> kind
            or {{ seconds_between('at_before', 'occurred_at') }} > 600
        ) as is_turn_start,
        session_at_before is null
            or {{ seconds_between('session_at_before', 'occurred_at') }} > 1800 as is_session_start
    from followed
)

select * from judged
