"""A real helpdesk log in Zendesk's shape: what its API gives is what its files give."""

from pathlib import Path

import pytest

from tests.models import Model, built
from tests.source_support import Desk
from tests.zendesk_replay import replay

# The log as Zendesk would have told it: a new ticket is new, and what changes no status is none.
FILES = """
[account]
id = "acme"

[[source]]
name = "desk"
kind = "files"
path = "{path}"

[source.tables.tickets]
file = "helpdesk_events.csv"
columns = {{ ticket_id = "case:concept:name", updated_at = "time:timestamp", \
customer_id = "customer", team = "support_section", assignee_id = "org:resource" }}

[source.tables.ticket_events]
file = "helpdesk_events.csv"
columns = {{ ticket_id = "case:concept:name", occurred_at = "time:timestamp", \
event_type = "concept:name", actor_id = "org:resource", seq = "event_no" }}
constants = {{ actor_kind = "human_agent" }}
values.event_type = {{ {events} }}
"""
EVENTS = {
    "Take in charge ticket": "status_changed:open",
    "Assign seriousness": "status_changed:new",
    "Insert ticket": "status_changed:new",
    "Wait": "status_changed:pending",
    "Resolve ticket": "resolved",
    "Closed": "closed",
}
NO_CHANGE = (
    "Create SW anomaly", "Resolve SW anomaly", "Schedule intervention", "Require upgrade",
    "VERIFIED", "RESOLVED", "INVALID", "DUPLICATE",
)  # fmt: skip
# An audit is a change, so what an agent did without one is seen in the files alone; and where a
# case has two customers, a ticket has one requester.
TOLD_APART = {
    ("handle_time", "mean"), ("handle_time", "median"), ("handle_time", "mean_estimated"),
    ("recontact_rate", "any_category"), ("tickets_resolved", "customers"),
}  # fmt: skip


@pytest.mark.slow
def test_a_real_log_gives_the_same_kpis_through_the_api(
    shared: Path, models: list[Model], tmp_path: Path
) -> None:
    desk = Desk("zendesk", "", tmp_path / "api")
    with replay(shared / "data/zendesk_shaped/helpdesk_italian") as desk.url:
        desk.sync()
    told = {**EVENTS, **dict.fromkeys(NO_CHANGE, "created")}
    events = ", ".join(f'"{theirs}" = "{ours}"' for theirs, ours in told.items())
    config = tmp_path / "bookbag.toml"
    config.write_text(FILES.format(path=shared / "data/helpdesk_italian", events=events))
    values = """select kpi, stat, grain, period_start, value from marts.kpi_values
        where handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
            and customer_segment = 'all'"""
    with desk.built(models) as api, built(models, config, tmp_path / "scratch") as files:
        by_api = {row[:4]: row[4] for row in api.execute(values).fetchall()}
        by_files = {row[:4]: row[4] for row in files.execute(values).fetchall()}
    assert by_api.keys() == by_files.keys()
    apart = {
        key[:2]
        for key, value in by_files.items()
        if value != by_api[key] and by_api[key] != pytest.approx(value, nan_ok=True)
    }
    assert apart == TOLD_APART


def test_audits_tell_what_the_export_of_events_tells(
    shared: Path, models: list[Model], tmp_path: Path
) -> None:
    told = """select ticket_id, change_id, occurred_at, author_id, change_type, field_name,
        new_value, old_value from staging.stg_zendesk__changes
        where field_name <> 'requester_id' and field_name <> 'group_id' order by all"""
    found = []
    for has_events in (True, False):
        desk = Desk("zendesk", "", tmp_path / str(has_events))
        folder = shared / "data/zendesk_shaped/helpdesk_italian"
        with replay(folder, has_events=has_events, tickets=120) as desk.url:
            loaded = desk.sync()
        assert ("ticket_events" in loaded.refused) is not has_events
        with desk.staged(models) as connection:
            found.append(connection.execute(told).fetchall())
    assert found[0] == found[1]
    assert len(found[0]) > 500
