"""Silences: what a vendor cannot say, as SQL over the tables of the export, as DuckDB has them.

Those here are shared by several vendors; after one the tables hold what is left to say.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Silence:
    """`what` is not said, or by a convention; `sql` are statements in their order."""

    what: str
    sql: tuple[str, ...]


def silence(what: str, *sql: str) -> Silence:
    return Silence(what, sql)


STRANGERS = silence(
    "nobody is without an account: who wrote is always somebody",
    "update tickets set customer_id = 'visitor ' || ticket_id"
    " where customer_id is null and customer_email is null",
)
SCHEDULES = silence(
    "which opening hours a ticket has",
    "delete from ticket_events where event_type = 'schedule_set'",
)
UNNAMED = silence(
    "a person who is not named",
    "update ticket_events set actor_kind = 'system'"
    " where actor_kind = 'human_agent' and actor_id is null",
)
SUBSTANCE = silence(
    "which answers of the AI are only a greeting", "update messages set is_substantive = true"
)
THANKS = silence(
    "thanks, unless they leave a closed ticket closed",
    """update messages set is_gratitude = false
    where not coalesce((
        select arg_max(e.event_type in ('resolved', 'closed'), e.seq) from ticket_events as e
        where e.ticket_id = messages.ticket_id and e.occurred_at <= messages.sent_at
            and (e.event_type in ('resolved', 'closed', 'reopened') or e.from_value = 'resolved')
    ), false)""",
)
UNMOVED = silence(
    "an assignment to who has the ticket already",
    """delete from ticket_events where event_id in (
        select event_id from (
            select event_id, to_value, lag(to_value) over (
                partition by ticket_id, to_value in (select agent_id from agents) order by seq
            ) as before
            from ticket_events where event_type = 'assigned'
        ) where to_value = before
    )""",
)
RECOMMENDED = silence(
    "which products were recommended",
    "update messages set recommended_skus = null",
)
WAITING = silence(
    "pending and on hold are open there",
    "delete from ticket_events where event_type = 'status_changed'"
    " and to_value in ('pending', 'on_hold')",
    "delete from ticket_events where event_type = 'status_changed'"
    " and from_value in ('new', 'pending', 'on_hold')",
    "update tickets set status = 'open' where status in ('pending', 'on_hold')",
)
SNOOZED = silence(
    "snoozed is on hold there",
    "update ticket_events set event_type = 'status_changed', to_value = 'on_hold',"
    " from_value = 'open' where event_type = 'snoozed'",
    "update ticket_events set event_type = 'status_changed', to_value = 'open',"
    " from_value = 'on_hold' where event_type = 'unsnoozed'",
)
UNTRACKED = silence("handle time", "delete from time_entries")
ONE_RATING = silence(
    "more than the last rating of a ticket",
    "delete from csat_responses where rated_at < (select max(r.rated_at) from csat_responses as r"
    " where r.ticket_id = csat_responses.ticket_id)",
)
UNCHANGED = silence(
    "who changed something",
    "update ticket_events set actor_kind = null, actor_id = null",
)
CLOSED_BY_AI = silence(
    "of an AI agent's outcomes only that it closed",
    "update ticket_events set to_value = 'assumed' where to_value = 'confirmed'"
    " and event_type in ('resolved', 'ai_outcome')",
    "update ticket_events set to_value = null where to_value in"
    " ('abandoned', 'not_helpful') and event_type in ('resolved', 'ai_outcome')",
)
LEFT = silence(
    "the team of who has left", "update agents set team = null where active_to is not null"
)
CHANGED_RATING = silence(
    "when a rating changed",
    """update csat_responses set episode_seq = null,
        rated_at = (select min(r.rated_at) from csat_responses as r
            where r.ticket_id = csat_responses.ticket_id
                and r.survey_sent_at = csat_responses.survey_sent_at),
        score = (select arg_max(r.score, r.rated_at) from csat_responses as r
            where r.ticket_id = csat_responses.ticket_id
                and r.survey_sent_at = csat_responses.survey_sent_at)""",
)
UNAIMED = silence(
    "whether a rating is of the AI or of a person", "update csat_responses set target = 'ticket'"
)
UNREASONED = silence(
    "why the AI handed over",
    "update ticket_events set to_value = null, reason = null where event_type = 'handoff'",
)
