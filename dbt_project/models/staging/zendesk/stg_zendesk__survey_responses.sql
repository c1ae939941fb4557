-- Surveys that were offered, answered or not. One about a conversation names no ticket, but the
-- ticket's audit names it.
with

responses as (
    select * from {{ ref('stg_zendesk__survey_documents') }}
),

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where survey_response_id is not null
),

named_tickets as (
    select
        source,
        survey_response_id,
        min(ticket_id) as ticket_id
    from changes
    group by source, survey_response_id
),

joined as (
    select
        responses.source,
        responses.survey_response_id,
        coalesce(responses.ticket_id, named_tickets.ticket_id) as ticket_id,
        responses.survey_key,
        responses.offered_at,
        responses.loaded_at
    from responses
    left join named_tickets
        on responses.source = named_tickets.source
        and responses.survey_response_id = named_tickets.survey_response_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, ticket_id order by offered_at, survey_response_id
        ) as survey_rank
    from joined
    where ticket_id is not null
)

select * from ranked
