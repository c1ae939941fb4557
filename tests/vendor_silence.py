"""What each vendor cannot say, done to the sample shop's own tables.

What files with all silences of a kind say is what the kind has to say, to the last figure.
"""

from collections.abc import Mapping
from types import MappingProxyType

import duckdb
import pyarrow as pa

from tests.silences import (
    CHANGED_RATING,
    CLOSED_BY_AI,
    LEFT,
    ONE_RATING,
    RECOMMENDED,
    SCHEDULES,
    SNOOZED,
    STRANGERS,
    SUBSTANCE,
    THANKS,
    UNAIMED,
    UNCHANGED,
    UNMOVED,
    UNNAMED,
    UNREASONED,
    UNTRACKED,
    WAITING,
    Silence,
    silence,
)

SILENCES: Mapping[str, tuple[Silence, ...]] = MappingProxyType(
    {
        "zendesk": (
            STRANGERS,
            SCHEDULES,
            UNMOVED,
            UNNAMED,
            UNAIMED,
            LEFT,
            silence(
                "handle time that is not tracked", "update time_entries set method = 'tracked'"
            ),
            SNOOZED,
        ),
        "gorgias": (
            SUBSTANCE,
            STRANGERS,
            SCHEDULES,
            UNMOVED,
            UNNAMED,
            WAITING,
            UNTRACKED,
            ONE_RATING,
            UNAIMED,
            RECOMMENDED,
            UNREASONED,
            silence(
                "social is told as facebook",
                "update tickets set channel = 'facebook' where channel = 'social'",
            ),
            CLOSED_BY_AI,
            silence(
                "when somebody wrote: an answer counts when it is sent",
                "update messages set sent_at = sent_at + interval 10 second"
                " where author_kind <> 'customer' and is_public",
            ),
            silence(
                "when a category or a priority changed",
                "delete from ticket_events where event_type in ('category_set', 'priority_set')",
            ),
        ),
        "intercom": (
            STRANGERS,
            SCHEDULES,
            UNNAMED,
            LEFT,
            silence(
                "a rating is of the person who was on it",
                "update csat_responses set target = 'human' where target = 'ticket'"
                " and ticket_id in (select ticket_id from tickets where assignee_id is not null)",
            ),
            ONE_RATING,
            WAITING,
            RECOMMENDED,
            THANKS,
            silence("which answers are automatic", "update messages set is_auto = false"),
            silence(
                "chat is a message there, the web form mail, social facebook",
                "update tickets set channel = case channel when 'chat' then 'messaging'"
                " when 'contact_form' then 'email' when 'social' then 'facebook' else channel end",
            ),
            silence(
                "priorities but two",
                "update tickets set priority = 'high' where priority = 'urgent'",
                "delete from ticket_events where event_type = 'priority_set'",
            ),
            silence(
                "of a conversation's surveys and ratings only the last survey's",
                "delete from csat_responses where rated_at < (select max(occurred_at)"
                " from ticket_events where event_type = 'survey_sent'"
                " and ticket_events.ticket_id = csat_responses.ticket_id)",
                "delete from ticket_events where event_type = 'survey_sent' and occurred_at <>"
                " coalesce((select max(r.survey_sent_at) from csat_responses as r"
                " where r.ticket_id = ticket_events.ticket_id),"
                " (select max(e.occurred_at) from ticket_events as e"
                " where e.event_type = 'survey_sent' and e.ticket_id = ticket_events.ticket_id))",
            ),
            silence(
                "why the AI handed over, but for a policy",
                "update ticket_events set to_value = null, reason = null"
                " where event_type = 'handoff' and reason <> 'policy'",
            ),
            silence(
                "what the AI came to before the conversation was opened again",
                "delete from ticket_events where event_type in ('handoff', 'ai_outcome')"
                " and exists (select 1 from ticket_events as e"
                " where e.ticket_id = ticket_events.ticket_id"
                " and e.occurred_at > ticket_events.occurred_at and (e.event_type = 'reopened'"
                " or e.event_type = 'status_changed' and e.from_value = 'resolved'))",
            ),
            silence(
                "when the AI handed over: when somebody was assigned",
                "update ticket_events set occurred_at = (select min(e.occurred_at)"
                " from ticket_events as e where e.ticket_id = ticket_events.ticket_id"
                " and e.event_type = 'assigned' and e.occurred_at >= ticket_events.occurred_at)"
                " where event_type = 'handoff'",
            ),
            silence(
                "handle time is one sum a conversation, of who closed it",
                """create or replace table time_entries as
                select
                    any_value(entry_id) as entry_id, ticket_id,
                    coalesce(
                        (select arg_max(e.actor_id, e.occurred_at) from ticket_events as e
                        where e.ticket_id = time_entries.ticket_id
                            and e.actor_kind = 'human_agent'
                            and e.event_type in ('resolved', 'closed')),
                        any_value(agent_id)
                    ) as agent_id,
                    (select min(e.occurred_at) from ticket_events as e
                    where e.ticket_id = time_entries.ticket_id and e.event_type = 'assigned')
                        as started_at,
                    cast(sum(seconds) as bigint) as seconds, 'helpdesk' as method
                from time_entries group by ticket_id""",
            ),
        ),
        "freshdesk": (
            STRANGERS,
            SCHEDULES,
            UNNAMED,
            SUBSTANCE,
            THANKS,
            RECOMMENDED,
            LEFT,
            silence(
                "who wrote the mail with which the shop began a ticket",
                "update messages set author_id = null where author_kind = 'human_agent'"
                " and sent_at = (select created_at from tickets"
                " where tickets.ticket_id = messages.ticket_id)",
            ),
            CHANGED_RATING,
            UNAIMED,
            UNCHANGED,
            silence(
                "what a ticket came to before it was opened again",
                """delete from ticket_events where event_type <> 'created' and exists (
                    select 1 from ticket_events as e
                    where e.ticket_id = ticket_events.ticket_id and e.seq > ticket_events.seq
                        and (e.event_type = 'reopened' or e.from_value = 'resolved')
                )""",
            ),
            silence(
                "when the AI handed over or had an outcome, before the first sync",
                """insert into ticket_events by name
                select 'ai|' || event_id as event_id, ticket_id, occurred_at,
                    'ai_outcome' as event_type, to_value, seq
                from ticket_events where event_type = 'resolved' and to_value is not null""",
                "update ticket_events set to_value = null where event_type = 'resolved'",
                """update ticket_events set occurred_at = coalesce((
                    select min(e.occurred_at) from ticket_events as e
                    where e.ticket_id = ticket_events.ticket_id
                        and e.event_type in ('resolved', 'closed')), occurred_at)
                where event_type in ('handoff', 'ai_outcome')""",
            ),
            silence(
                "changes before the first sync",
                """delete from ticket_events where event_type not in ('created', 'reopened',
                    'resolved', 'closed', 'handoff', 'ai_outcome', 'merged_into',
                    'status_changed')""",
                """delete from ticket_events where event_type = 'status_changed'
                and coalesce(from_value, '') <> 'resolved'
                and ticket_id in (select ticket_id from tickets where status <> to_value)""",
            ),
            silence(
                "that a ticket began with an automatic mail, or with nothing",
                """update messages set is_auto = false where author_kind = 'customer'
                and sent_at = (select created_at from tickets
                    where tickets.ticket_id = messages.ticket_id)""",
                """insert into messages by name
                select 'first ' || ticket_id as message_id, ticket_id, created_at as sent_at,
                    'customer' as author_kind, true as is_public, false as is_auto,
                    false as is_gratitude, true as is_substantive, false as is_ai_assisted
                from tickets where ticket_id not in (select ticket_id from messages)""",
            ),
            silence(
                "when a survey was sent",
                "delete from ticket_events where event_type = 'survey_sent'",
                "update csat_responses set survey_sent_at = null",
            ),
            silence(
                "channels",
                "update tickets set channel = 'contact_form' where channel in ('sms', 'social')",
            ),
            silence(
                "handle time but in whole minutes",
                "update time_entries set seconds = seconds // 60 * 60, method = 'tracked'",
                "delete from time_entries where seconds = 0",
            ),
            SNOOZED,
        ),
        "chatwoot": (
            STRANGERS,
            SCHEDULES,
            UNNAMED,
            SUBSTANCE,
            THANKS,
            RECOMMENDED,
            silence(
                "a rating answers the last survey before it",
                """update csat_responses set survey_sent_at = (
                    select max(e.occurred_at) from ticket_events as e
                    where e.ticket_id = csat_responses.ticket_id
                        and e.event_type = 'survey_sent' and e.occurred_at <= rated_at)""",
            ),
            LEFT,
            CHANGED_RATING,
            UNAIMED,
            UNTRACKED,
            UNREASONED,
            UNCHANGED,
            CLOSED_BY_AI,
            silence(
                "of pending and on hold only that a ticket is now, and not which of them",
                """delete from ticket_events where event_type = 'status_changed'
                    and to_value in ('pending', 'on_hold') and ticket_id not in (
                        select ticket_id from tickets where status in ('pending', 'on_hold'))""",
                """delete from ticket_events where event_type = 'status_changed'
                    and from_value in ('new', 'pending', 'on_hold')""",
                """update ticket_events set to_value = 'pending'
                    where event_type = 'status_changed' and to_value = 'on_hold'""",
                "update tickets set status = 'pending' where status = 'on_hold'",
            ),
            silence(
                "changes before the first sync, but of the status",
                """delete from ticket_events where event_type not in ('created', 'reopened',
                    'resolved', 'closed', 'handoff', 'status_changed', 'merged_into',
                    'survey_sent')""",
                "delete from ticket_events where event_type = 'closed'",
            ),
            silence(
                "the web form is mail there, social facebook",
                "update tickets set channel = 'email' where channel in ('contact_form', 'social')",
            ),
            silence(
                "merges of conversations",
                "update ticket_events set event_type = 'resolved', to_value = null"
                " where event_type = 'merged_into'",
                "update tickets set merged_into = null",
            ),
        ),
        "shopify": (),
        "woocommerce": (
            silence("which orders are tests", "update orders set is_test = false"),
            silence(
                "chargebacks",
                "update orders set payment_status = 'paid' where payment_status = 'refunded'"
                " and order_id in (select order_id from refunds where kind = 'chargeback')",
                "delete from refunds where kind = 'chargeback'",
            ),
            silence(
                "that an order given back in full was cancelled",
                "update orders set cancelled_at = null where payment_status = 'refunded'",
            ),
            silence(
                "what expired or was voided is cancelled there",
                "update orders set payment_status = 'voided',"
                " cancelled_at = coalesce(cancelled_at, updated_at)"
                " where payment_status in ('expired', 'voided')",
            ),
        ),
    }
)


def left_to_say(tables: Mapping[str, pa.Table], *kinds: str) -> dict[str, pa.Table]:
    """The tables of an export without what these vendors cannot say."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f"create table {name} as from given")
            connection.unregister("given")
        for kind in kinds:
            for each in SILENCES[kind]:
                for statement in each.sql:
                    connection.execute(statement)
        return {
            name: connection.execute(f"from {name}").to_arrow_table().cast(table.schema)
            for name, table in tables.items()
        }
