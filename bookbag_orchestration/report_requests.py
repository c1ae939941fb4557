"""Which reports to ask Dagster for: each period that is due once, however often one looks.

A report is made when its partition is materialized for this account; nothing else is remembered but
the first period that may still be missing. So an outage, a failure or a daemon that looks twice
changes nothing but when a report comes. A report waits for a whole build with the data of its
period, not only for the clock: after an outage the sync comes first.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from bookbag_orchestration.report_delivery import DELIVER_TAG
from bookbag_orchestration.report_periods import Calendar, calendars
from bookbag_orchestration.resources import Workplace
from reports.outbox import NEWS
from reports.periods import Period
from reports.posting import HELD
from reports.summary import build_summary

JOB = "{}_report"
# After a run that did not make its report; what holds the warehouse is mostly gone by then.
PAUSE = timedelta(minutes=15)
# Longer than any run: what runs since then was killed with its machine, and nobody has said so.
GIVEN_UP = timedelta(hours=6)
PARTITION = "dagster/partition"
# Accounts that share a Dagster share the names of its assets: what each has made says whose it is,
# in the metadata of the report, and in a tag of the run.
ACCOUNT, ACCOUNT_TAG = "account", "bookbag/account"
# Of one that was posted, in its metadata: to how many it goes.
RECEIVERS, MADE = "receivers", "made"
LOOKED_AT = 100
_OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True)
class Attempts:
    """The runs of one partition so far, and whether to leave it alone for now, with the reason."""

    count: int
    reason: str | None


def requested(
    place: Workplace, instance: dg.DagsterInstance, cursor: str | None, now: datetime
) -> dg.SensorResult:
    """A run for each report that is due and not made, oldest first; `cursor` is that of the last
    time. Where there is none yet, only the newest period of each report is wanted.
    """
    as_of = place.config.as_of
    until = min(now, as_of) if as_of else now
    account = place.config.account.id
    missing_since: dict[str, str] = json.loads(cursor or "{}")
    requests: list[dg.RunRequest] = []
    waiting: list[str] = []
    for calendar in calendars(place.config):
        due = calendar.due(until, missing_since.get(calendar.name))
        if not due:
            continue
        made = {each.label: _made(instance, account, calendar, each) for each in due}
        held = {label for label, state in made.items() if state == HELD}
        held -= {each.label for each in due if until - calendar.due_at(each) > NEWS}
        missing = [each for each in due if made[each.label] is None or each.label in held]
        missing_since[calendar.name] = calendar.key_of((missing or due[-1:])[0])
        for period in missing:
            key = calendar.key_of(period)
            attempts = _attempts(instance, account, key, now)
            reason = _lacks_data(place, calendar, period) or attempts.reason
            if not reason and period.label in held:
                reason = _still_held(place, calendar, period)
            if reason:
                waiting.append(f"{calendar.name} {period.label}: {reason}")
                continue
            requests.append(
                dg.RunRequest(
                    run_key=f"{calendar.name} {key} {attempts.count}",
                    job_name=JOB.format(calendar.name),
                    partition_key=key,
                    tags={ACCOUNT_TAG: account, DELIVER_TAG: "yes"},
                )
            )
    said = "; ".join(waiting) or "every report that is due is made"
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(said),
        cursor=json.dumps(missing_since),
    )


def _made(
    instance: dg.DagsterInstance, account: str, calendar: Calendar, period: Period
) -> str | None:
    """What has become of a report: MADE, HELD (its receivers still wait for it), or None."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=calendar.asset_key, asset_partitions=[calendar.key_of(period)]
        ),
        limit=LOOKED_AT,
    )
    events = (record.asset_materialization for record in found.records)
    own = [
        event
        for event in events
        if event and ACCOUNT in event.metadata and event.metadata[ACCOUNT].value == account
    ]
    if not own:
        return None
    # Newest first; one that was made by hand meanwhile has sent nothing to anybody.
    posted = [event for event in own if HELD in event.metadata or RECEIVERS in event.metadata]
    return HELD if posted and HELD in posted[0].metadata else MADE


def _still_held(place: Workplace, calendar: Calendar, period: Period) -> str | None:
    """Why a report that is held still is, from the published copy."""
    with duckdb.connect(str(place.published / "bookbag.duckdb"), read_only=True) as connection:
        late = build_summary(connection, calendar.rhythm, period.label).waits
    return f"it is held, since {', '.join(late)} is late" if late else None


def _attempts(instance: dg.DagsterInstance, account: str, key: str, now: datetime) -> Attempts:
    """Also those of a backfill from the UI, which have no tag of an account."""
    found = instance.get_run_records(dg.RunsFilter(tags={PARTITION: key}))
    runs = [run for run in found if run.dagster_run.tags.get(ACCOUNT_TAG, account) == account]
    reason = None
    for run in runs:
        if run.dagster_run.status in _OVER:
            if now.timestamp() - (run.end_time or 0) < PAUSE.total_seconds():
                reason = "the last run did not make it, the next one is tried soon"
        elif now.timestamp() - run.create_timestamp.timestamp() < GIVEN_UP.total_seconds():
            return Attempts(len(runs), "a run is at it")
    return Attempts(len(runs), reason)


def _lacks_data(place: Workplace, calendar: Calendar, period: Period) -> str | None:
    """Why a report cannot be made yet, from the published copy: the warehouse may be at work."""
    until = _whole_until(place.published / "bookbag.duckdb")
    if until is None:
        return "nothing has been published yet"
    if until < calendar.ends_at(period):
        return f"the newest whole build ends at {until}, before the period does"
    if not place.history.is_judged():
        return "what was built has not passed its checks"
    return None


def _whole_until(copy: Path) -> datetime | None:
    """Up to when the marts know that only whole builds make: what is compared and judged."""
    if not copy.exists():
        return None
    with duckdb.connect(str(copy), read_only=True) as connection:
        found = connection.execute("select max(data_as_of) from marts.kpi_status").fetchone()
    return found[0] if found else None
