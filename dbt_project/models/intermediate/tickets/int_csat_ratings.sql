-- One row a response: per ticket, target and episode as given, the latest score within 7 days of the
-- first, dated by the first (Q1). A merged ticket's ratings are the survivor's.
with

responses as (
    select * from {{ changed('int_source_csat_responses', 'source, ticket_id') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

owned as (
    select
        responses.*,
        account.account_id,
        coalesce(
            tickets.canonical_ticket_key,
            {{ surrogate_key(['responses.source', 'account.account_id', 'responses.ticket_id']) }}
        ) as ticket_key,
        tickets.ticket_key is not null as is_known_ticket
    from responses
    cross join account
    left join tickets
        on responses.source = tickets.source and responses.ticket_id = tickets.ticket_id
    where responses.rated_at <= account.data_as_of
),

dated as (
    select
        *,
        min(rated_at) over (partition by ticket_key, target, episode_seq) as first_rated_at,
        max(rated_at) over (partition by ticket_key, target, episode_seq) as last_rated_at,
        count(*) over (partition by ticket_key, target, episode_seq) as n_ratings
    from owned
),

ranked as (
    select
        *,
        row_number() over (
            partition by ticket_key, target, episode_seq
            order by rated_at desc, response_id desc
        ) as recency
    from dated
    where {{ seconds_between('first_rated_at', 'rated_at') }} <= 7 * 86400
),

scored as (
    select
        {{ surrogate_key(['ticket_key', 'target', 'episode_seq']) }} as csat_key,
        ticket_key,
        source,
        account_id,
        episode_seq as episode_seq_given,
        target,
        is_known_ticket,
        survey_sent_at,
        first_rated_at,
        last_rated_at,
        score as score_raw,
        scale,
        n_ratings,
        case scale
            when '1-5' then try_cast(score as decimal(4, 2))
            when '1-3' then cast(1 + (try_cast(score as double) - 1) * 2 as decimal(4, 2))
            when '1-10' then cast(1 + (try_cast(score as double) - 1) * 4 / 9 as decimal(4, 2))
        end as score_5,
        case scale
            when '1-5' then try_cast(score as double) >= 4
            when '1-3' then try_cast(score as double) = 3
            when '1-10' then try_cast(score as double) >= 8
            when 'good_bad' then score = 'good'
        end as is_positive
    from ranked
    where recency = 1
)

select * from scored
