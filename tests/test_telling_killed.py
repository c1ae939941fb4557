"""Kill -9 anywhere between scoring and sending: each message arrives once, or is kept as dead."""

import multiprocessing
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import duckdb
import pytest

from bookbag_orchestration.alerting import bring_up_to_date
from bookbag_orchestration.deliveries import write_deliveries
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import Alerts, Mail
from bookbag_orchestration.telling import send
from reports.outbox import INTERRUPTED
from tests.anomaly_support import Marts, of_categories, on
from tests.messages_support import Receivers, receivers
from tests.operations_support import workplace_of

pytestmark = pytest.mark.slow

# Processes that begin with all that is needed loaded: they are at work when they are killed.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "apprise", "expectations.anomalies.detection"])
KILLS = 50
# What has arrived and is not known to have is what a sender must not send again.
PAUSE_S = 0.05
MORNING = on(102).replace(tzinfo=UTC)


def desk(folder: Path, taken: Receivers) -> Workplace:
    """An account whose parcels doubled the day before, of which nobody knows yet."""
    place = workplace_of(folder)
    told = {
        "alerts": Alerts(to=["lead@acme.example", taken.hook]),
        "mail": Mail(server=taken.mail),
        "sources": (),
    }
    return replace(place, config=place.config.model_copy(update=told))


def warehouse(path: Path) -> None:
    path.parent.mkdir(parents=True)
    marts = Marts(path)
    of_categories(marts, {"parcel": (101, 90)})
    marts.until(101)
    marts.connection.close()


def work(place: Workplace) -> None:
    """What a run does and the daemon after it."""
    bring_up_to_date(place, MORNING)
    send(place)


def work_until(place: Workplace, is_time: Callable[[], bool]) -> bool:
    """The same in a process that is killed; True where it was at work then."""
    child = PROCESSES.Process(target=work, args=(place,))
    child.start()
    while child.exitcode is None and not is_time():
        child.join(0.001)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def _is_past(at_s: float) -> bool:
    return time.monotonic() > at_s


def _has_come(taken: Receivers) -> bool:
    return bool(taken.keys)


def test_fifty_kills_double_and_lose_no_message(tmp_path: Path) -> None:
    random, killed, interrupted = Random(6), 0, 0
    warehouse(tmp_path / "whole" / "bookbag.duckdb")
    with receivers() as taken:

        def home(name: str) -> Workplace:
            place = desk(tmp_path / name, taken)
            shutil.copytree(tmp_path / "whole", place.warehouse.parent)
            return place

        first = home("first")
        # All that is loaded once is loaded now, here and where they start.
        work(first)
        assert not work_until(home("loaded"), lambda: False)
        assert len(first.outbox.messages()[0].subjects) == 1
        assert [each.state for each in first.outbox.messages()] == ["sent", "sent"]
        assert len(taken.keys) == 4
        taken.pause_s = PAUSE_S
        began = time.monotonic()
        assert not work_until(home("timed"), lambda: False)
        takes_s = time.monotonic() - began
        for number in range(KILLS):
            taken.mails.clear()
            taken.posts.clear()
            place = home(f"{number}")
            taken.pause_s = PAUSE_S
            # Every fifth when something has just arrived and the sender does not know it yet.
            is_time = partial(_is_past, time.monotonic() + random.uniform(0, takes_s))
            has_come = partial(_has_come, taken)
            killed += work_until(place, is_time if number % 5 else has_come)
            taken.pause_s = 0
            work(place)
            arrived = Counter(taken.keys)
            messages = {each.message_id: each for each in place.outbox.messages()}
            assert len(messages) == 2
            assert set(arrived) <= set(messages)
            for key, each in messages.items():
                if each.state == "dead":
                    interrupted += 1
                    assert (arrived[key] <= 1, each.error) == (True, INTERRUPTED)
                else:
                    assert (arrived[key], each.state) == (1, "sent")
            shutil.rmtree(place.home)
    assert killed > interrupted > 0


def test_when_it_was_told_is_known_to_the_warehouse_and_the_copy(tmp_path: Path) -> None:
    with receivers() as taken:
        place = desk(tmp_path, taken)
        warehouse(place.warehouse)
        work(place)
        bring_up_to_date(place, MORNING)
    with place.connect(read_only=True) as connection:
        ((alert_id, notified_at),) = connection.execute(
            "select alert_id, notified_at from marts.alerts where notified_at is not null"
        ).fetchall()
    sent = {each.sent_at for each in place.outbox.messages()}
    assert notified_at.astimezone(UTC) == min(sent, key=lambda at: at or datetime.max)
    with duckdb.connect() as copy:
        copy.execute("create schema marts")
        write_deliveries(copy, place.outbox)
        told = copy.execute("select * from marts.alert_deliveries").fetch_arrow_table().to_pylist()
    assert {each["alert_id"] for each in told} == {alert_id}
    assert {each["state"] for each in told} == {"sent"}
    assert {each["channel"].partition("-")[0] for each in told} == {"mailto", "json"}
    assert "acme" not in str(told) and "127.0.0.1" not in str(told)
