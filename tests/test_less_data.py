"""Less data, honest result: what a shop does not hand over is unknown, with its reason, never 0.

One small shop gives everything; each case leaves something out. NEEDS and STATS say, from the
definitions, what each figure cannot do without.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.models import Model, broken_tests, built

pytestmark = pytest.mark.slow

CONFIG = """
[account]
id = "small"
timezone = "Europe/Rome"
currency = "EUR"
[[source]]
name = "shop"
kind = "files"
path = "export"
start_date = 2026-02-01
"""
SHOP = {
    "tickets": """
ticket_id,created_at,customer_id,channel,category,assignee_id,tags,order_id,first_reply_at,resolved_at
T1,2026-03-02T09:00:00Z,C1,chat,product,,,,2026-03-02T09:00:20Z,2026-03-02T09:10:00Z
T2,2026-03-03T10:00:00Z,C2,email,returns,A,cancel_request,O2,2026-03-03T10:30:00Z,2026-03-05T10:00:00Z
T3,2026-03-04T08:00:00Z,C1,email,wismo,B,,O1,2026-03-04T09:00:00Z,2026-03-04T09:30:00Z
T4,2026-03-10T11:00:00Z,C3,email,wismo,B,,,2026-03-10T12:00:00Z,2026-03-11T12:00:00Z
T5,2026-04-20T12:00:00Z,C3,email,wismo,,,,,
T6,2026-03-12T08:00:00Z,C4,email,wismo,A,,,2026-03-12T09:00:00Z,2026-03-12T10:00:00Z
""",
    "messages": """
message_id,ticket_id,sent_at,author_kind,author_id,recommended_skus
M1,T1,2026-03-02T09:00:00Z,customer,,
M2,T1,2026-03-02T09:00:20Z,ai_agent,AI,S1
M3,T2,2026-03-03T10:00:00Z,customer,,
M4,T2,2026-03-03T10:30:00Z,human_agent,A,
M5,T2,2026-03-05T09:00:00Z,customer,,
M6,T2,2026-03-05T09:20:00Z,human_agent,A,
M7,T3,2026-03-04T08:00:00Z,customer,,
M8,T3,2026-03-04T08:00:30Z,ai_agent,AI,
M9,T3,2026-03-04T09:00:00Z,human_agent,B,
M10,T4,2026-03-10T11:00:00Z,customer,,
M11,T4,2026-03-10T12:00:00Z,human_agent,B,
M12,T5,2026-04-20T12:00:00Z,customer,,
M13,T3,2026-03-04T08:00:40Z,customer,,
M14,T6,2026-03-12T08:00:00Z,customer,,
M15,T6,2026-03-12T09:00:00Z,human_agent,A,
""",
    "ticket_events": """
event_id,ticket_id,occurred_at,event_type,to_value,actor_kind,actor_id
E1,T1,2026-03-02T09:10:00Z,resolved,confirmed,ai_agent,AI
E2,T1,2026-03-02T09:11:00Z,survey_sent,,automation,
E3,T2,2026-03-03T11:00:00Z,resolved,,human_agent,A
E4,T2,2026-03-05T10:00:00Z,resolved,,human_agent,A
E5,T2,2026-03-05T10:01:00Z,survey_sent,,automation,
E6,T3,2026-03-04T08:01:00Z,handoff,no_answer,ai_agent,AI
E7,T3,2026-03-04T09:30:00Z,resolved,,human_agent,B
E8,T4,2026-03-10T12:00:00Z,status_changed,pending,human_agent,B
E9,T4,2026-03-11T12:00:00Z,resolved,,human_agent,B
E10,T5,2026-04-20T12:00:00Z,created,,,
E11,T6,2026-03-12T10:00:00Z,resolved,,human_agent,A
""",
    "csat_responses": """
ticket_id,rated_at,score,target
T1,2026-03-02T10:00:00Z,5,ai
T2,2026-03-05T12:00:00Z,2,human
T4,2026-03-11T15:00:00Z,4,human
""",
    "agents": "agent_id,kind,team\nAI,ai_agent,\nA,human_agent,returns\nB,human_agent,care",
    "customers": "customer_id,email\nC1,c1@x.example\nC2,c2@x.example\nC3,\nC4,",
    "orders": """
order_id,placed_at,paid_at,customer_id,total
O1,2026-02-01T09:00:00Z,2026-02-01T09:00:00Z,C1,50.00
O2,2026-02-20T09:00:00Z,2026-02-20T09:00:00Z,C2,40.00
O3,2026-03-03T09:00:00Z,2026-03-03T09:00:00Z,C1,20.00
O4,2026-04-01T09:00:00Z,2026-04-01T09:00:00Z,C2,30.00
O5,2026-02-10T09:00:00Z,2026-02-10T09:00:00Z,C4,35.00
""",
    "order_lines": """
order_id,line_no,sku,quantity,unit_price,placed_at,customer_id
O1,1,S2,1,50.00,2026-02-01T09:00:00Z,C1
O2,1,S2,1,40.00,2026-02-20T09:00:00Z,C2
O3,1,S1,1,20.00,2026-03-03T09:00:00Z,C1
O4,1,S3,1,30.00,2026-04-01T09:00:00Z,C2
O5,1,S2,1,35.00,2026-02-10T09:00:00Z,C4
""",
    "refunds": "refund_id,order_id,refunded_at,amount\nR1,O2,2026-03-06T09:00:00Z,10.00",
    "time_entries": """
entry_id,ticket_id,agent_id,started_at,seconds
W1,T2,A,2026-03-03T10:20:00Z,600
""",
    "roster": """
agent_id,starts_at,ends_at
A,2026-03-03T08:00:00Z,2026-03-03T16:00:00Z
B,2026-04-15T08:00:00Z,2026-04-15T16:00:00Z
A,2026-04-22T08:00:00Z,2026-04-22T16:00:00Z
""",
    "nps_responses": "customer_id,responded_at,score\nC1,2026-03-15T09:00:00Z,9",
    "qa_reviews": "ticket_id,reviewed_at,is_correct\nT1,2026-03-08T09:00:00Z,true",
    "cost_rates": "handling,unit_cost,valid_from\nai,0.50,2026-01-01\nhuman,5.00,2026-01-01",
    "support_costs": "month,kind,amount\n2026-03,payroll,1000",
    "schedules": """
schedule,timezone,weekday,opens,closes
default,Europe/Rome,1,09:00,18:00
default,Europe/Rome,2,09:00,18:00
default,Europe/Rome,3,09:00,18:00
""",
}

# What the first stat of each KPI, and with it the KPI, needs to be known.
NEEDS = {
    "tickets_created": "tickets",
    "tickets_resolved": "tickets resolves",
    "resolution_rate": "tickets resolves",
    "category_volume": "tickets",
    "channel_volume": "tickets",
    "tickets_per_order": "tickets orders",
    "peak_to_trough": "tickets",
    "contact_rate": "tickets orders",
    "backlog": "tickets resolves",
    "backlog_age": "tickets resolves",
    "queue_days": "tickets resolves",
    "tickets_per_agent_day": "tickets messages",
    "headcount_gap": "tickets messages resolves roster handle_times",
    "first_response_time": "tickets replies",
    "ai_first_response_time": "tickets messages",
    "human_first_response_time": "tickets replies",
    "handoff_response_time": "tickets messages",
    "reply_time": "tickets messages",
    "first_resolution_time": "tickets resolves",
    "full_resolution_time": "tickets resolves",
    "handle_time": "tickets resolves handle_times",
    "alert_latency": "notifications",
    "csat": "csat",
    "csat_response_rate": "csat surveys",
    "csat_parity": "csat",
    "first_contact_resolution": "tickets messages resolves",
    "recontact_rate": "tickets resolves reopens",
    "reopen_rate": "tickets resolves reopens",
    "escalation_rate": "tickets messages",
    "resolution_accuracy": "tickets messages resolves reviews",
    "replies_per_resolution": "tickets messages resolves",
    "nps": "nps",
    "knowledge_gap_rate": "tickets messages reasons",
    "deflection_rate": "tickets messages resolves",
    "containment_rate": "tickets messages",
    "ai_resolution_rate": "tickets messages resolves",
    "ai_involvement": "tickets messages",
    "cost_per_contact": "tickets messages resolves cost_rates",
    "cost_per_ticket": "tickets replies support_costs",
    "cost_per_resolution": "tickets resolves support_costs",
    "ai_savings": "tickets messages resolves cost_rates",
    "coverage_roi": "tickets resolves",
    "repurchase_rate": "tickets resolves orders",
    "revenue_saved": "tickets orders recovery_tags",
    "ai_recommended_revenue": "messages orders lines recommendations",
    "churn_rate": "csat orders",
    "csat_repurchase_correlation": "csat orders",
    "kpi_relations": "tickets",
}
# What other stats need instead: more than the first one, or less.
STATS = {
    "tickets_created.outbound": "tickets messages",
    "contact_rate.match_rate": "tickets",
    "backlog.waiting_customer": "tickets resolves events",
    "backlog.on_hold": "tickets resolves events",
    "backlog.snoozed": "tickets resolves events",
    "headcount_gap.forecast": "tickets messages",
    "headcount_gap.mape": "tickets messages",
    "full_resolution_time.mean_needs_us": "tickets resolves events",
    "full_resolution_time.mean_waiting_customer": "tickets resolves events",
    "full_resolution_time.mean_on_hold": "tickets resolves events",
    "full_resolution_time.mean_ai_leg": "tickets resolves messages",
    "full_resolution_time.mean_human_leg": "tickets resolves messages",
    "handle_time.mean_tracked": "tickets resolves time_entries",
    "handle_time.mean_helpdesk": "tickets resolves time_entries",
    "handle_time.mean_estimated": "tickets resolves actions",
    "human_first_response_time.mean_hybrid": "tickets messages",
    "human_first_response_time.median_hybrid": "tickets messages",
    "csat_response_rate.ratio_resolved": "csat resolves",
    "first_contact_resolution.contact": "tickets resolves reopens",
    "resolution_accuracy.proxy": "tickets messages resolves",
    "nps.value_supported": "nps tickets",
    "nps.value_unsupported": "nps tickets",
    "cost_per_contact.contacts": "tickets resolves",
    "cost_per_resolution.value_ai": "tickets resolves messages cost_rates",
    "cost_per_resolution.value_human": "tickets resolves messages cost_rates",
    "ai_savings.hours": "tickets messages resolves handle_times",
    "repurchase_rate.ratio_csat_4_5": "tickets resolves orders csat",
    "repurchase_rate.ratio_csat_3": "tickets resolves orders csat",
    "repurchase_rate.ratio_csat_1_2": "tickets resolves orders csat",
    "repurchase_rate.ratio_csat_none": "tickets resolves orders csat",
}
# A word that the reason must have, for each thing that may be missing.
TOLD = {
    "tickets": "tickets",
    "messages": "messages",
    "replies": "replies",
    "events": "events",
    "resolves": "resolved",
    "reopens": "returns",
    "surveys": "survey",
    "reasons": "never why",
    "csat": "CSAT",
    "orders": "orders",
    "lines": "order lines",
    "recommendations": "recommended",
    "recovery_tags": "tag",
    "cost_rates": "unit costs",
    "support_costs": "support_costs",
    "roster": "roster",
    "handle_times": "time entries",
    "nps": "NPS",
    "reviews": "reviews",
    "notifications": "told",
}
Files = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A shop with something left out, and what is then missing."""

    name: str
    shrink: Callable[[Files], Files]
    lacks: str

    @property
    def missing(self) -> set[str]:
        return {*self.lacks.split(), "notifications"}  # nobody was told of anything yet


def without(*entities: str) -> Callable[[Files], Files]:
    return lambda files: {name: text for name, text in files.items() if name not in entities}


def only(*entities: str) -> Callable[[Files], Files]:
    return lambda files: {name: files[name] for name in entities}


def blank(files: Files, entity: str, *columns: str) -> Files:
    """The files with some columns of one cut out."""
    rows = [line.split(",") for line in files[entity].strip().split("\n")]
    kept = [place for place, name in enumerate(rows[0]) if name not in columns]
    return {**files, entity: "\n".join(",".join(row[place] for place in kept) for row in rows)}


OF_EVENTS = "events resolves reopens surveys"
OF_MESSAGES = "messages replies recommendations"
OF_OTHERS = "csat cost_rates support_costs roster nps reviews schedules time_entries"
WHOLE = Case("everything", lambda files: files, "")
CASES = [
    Case("replies and resolves by column alone", without("messages", "ticket_events"),
         "messages events reopens surveys recommendations actions"),
    Case("resolves by column", without("ticket_events"), "events surveys"),
    Case("no resolves at all",
         lambda files: blank(without("ticket_events")(files), "tickets", "resolved_at"),
         OF_EVENTS),
    Case("an event log alone", only("ticket_events"),
         f"{OF_MESSAGES} surveys {OF_OTHERS} orders lines recovery_tags"),
    Case("no messages",
         lambda files: blank(without("messages")(files), "tickets", "first_reply_at"),
         OF_MESSAGES),
    Case("order lines without orders", without("orders"), ""),
    Case("neither customers nor agents", without("customers", "agents"), ""),
    Case("no ratings, no schedules", without("csat_responses", "schedules"), "csat schedules"),
    Case("no orders", without("orders", "order_lines", "refunds"), "orders lines"),
    Case("no unit costs, no survey sends",
         lambda files: {
             **without("cost_rates")(files),
             "ticket_events": files["ticket_events"].replace("survey_sent", "priority_set"),
         },
         "cost_rates surveys"),
    Case("handoffs without a reason",
         lambda files: {
             **files,
             "ticket_events": files["ticket_events"].replace("handoff,no_answer", "handoff,"),
         },
         "reasons"),
    Case("tickets alone",
         lambda files: blank(only("tickets")(files), "tickets", "first_reply_at", "resolved_at"),
         f"{OF_MESSAGES} {OF_EVENTS} {OF_OTHERS} orders lines handle_times actions"),
    Case("orders alone", only("orders"),
         f"tickets {OF_MESSAGES} {OF_EVENTS} {OF_OTHERS} lines recovery_tags handle_times actions"),
]  # fmt: skip


def needs_of(kpi: str, stat: str) -> set[str]:
    needs = set(STATS.get(f"{kpi}.{stat}", NEEDS[kpi]).split())
    return needs | {"schedules"} if stat.endswith("_biz") else needs


def known_stats(models: list[Model], case: Case, folder: Path) -> tuple[set[str], set[str]]:
    """The stats of a case that have some value, and what its catalogue says wrongly."""
    export = folder / "export"
    export.mkdir()
    for name, text in case.shrink(SHOP).items():
        (export / f"{name}.csv").write_text(text.strip() + "\n")
    (folder / "bookbag.toml").write_text(CONFIG)
    with built(models, folder / "bookbag.toml", folder / "scratch") as connection:
        values = connection.execute(
            "select distinct kpi || '.' || stat from marts.kpi_values where value is not null"
        ).fetchall()
        catalogue = connection.execute(
            "select kpi, available, unavailable_reason from marts.kpi_catalog"
        ).fetchall()
        assert broken_tests(connection, models) == []
    wrong = set()
    for kpi, is_available, reason in catalogue:
        missing = set(NEEDS[kpi].split()) & case.missing
        is_told = any(TOLD[need] in (reason or "") for need in missing)
        if (is_available, is_told, bool(reason)) != (not missing, bool(missing), bool(missing)):
            wrong.add(f"{kpi} lacks {sorted(missing)}: available {is_available}, {reason}")
    return {value for (value,) in values}, wrong


@pytest.fixture(scope="module")
def whole(models: list[Model], tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The stats that have a value where everything is given."""
    found, wrong = known_stats(models, WHOLE, tmp_path_factory.mktemp("whole"))
    assert not wrong
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_not_given_is_unknown_and_said(
    case: Case, models: list[Model], whole: set[str], tmp_path: Path
) -> None:
    found, wrong = known_stats(models, case, tmp_path)
    unknown = {name for name in whole | found if needs_of(*name.split(".")) & case.missing}
    assert {
        "catalogue": wrong,
        "a value that the data cannot give": found & unknown,
        "no value, though the data could give it": whole - unknown - found,
    } == {
        "catalogue": set(),
        "a value that the data cannot give": set(),
        "no value, though the data could give it": set(),
    }
