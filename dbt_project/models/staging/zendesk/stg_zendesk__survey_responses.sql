-- Surveys that were offered, answered or not. A response says when it expires: 28 days after its
-- survey was offered. One about a conversation names no ticket, but the ticket's audit names it.
with

landed as (
    {{ newest_documents(source('landed', 'zendesk_survey_responses')) }}
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

read as (
    select
        source,
        _key as survey_response_id,
        {{ first_match(json_text('payload', '$.subject_zrns'), ':ticket:([0-9]+)') }}
            as ticket_id,
        {{ json_text('payload', '$.survey.id') }} || '|'
            || {{ json_text('payload', '$.survey.version') }} as survey_key,
        {{ instant(json_text('payload', '$.expires_at')) }} as expires_at,
        loaded_at
    from landed
    where row_rank = 1 and not _is_deleted
),

joined as (
    select
        read.source,
        read.survey_response_id,
        coalesce(read.ticket_id, named_tickets.ticket_id) as ticket_id,
        read.survey_key,
        {{ add_seconds('read.expires_at', '-28 * 86400') }} as offered_at,
        read.loaded_at
    from read
    left join named_tickets
        on read.source = named_tickets.source
        and read.survey_response_id = named_tickets.survey_response_id
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
