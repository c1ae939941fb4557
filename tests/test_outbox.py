"""Deliveries: each message arrives once, is tried again, or is kept where people see it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from reports.channels import Channel, channels
from reports.deliver import UNKNOWN_CHANNEL, Sent, send_due
from reports.outbox import INTERRUPTED, RETRIES, Message, Outbox
from tests.messages_support import Receivers, receivers

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
LEAD = "lead@acme.example"


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def taken() -> Iterator[Receivers]:
    with receivers() as servers:
        yield servers


def message(to: Channel, subject: str = "a1", due_at: datetime = NOW) -> Message:
    title, body = "[warn] CSAT 3.90", "CSAT: 3.90.\n"
    return Message(to.channel_id, "opened", "warn", title, body, {subject: "warn"}, due_at)


def put(outbox: Outbox, *to: Channel) -> None:
    for channel in to:
        outbox.put(message(channel), NOW)


def send(outbox: Outbox, *to: Channel, at: datetime = NOW) -> Sent:
    return send_due(outbox, to, now=lambda: at)


def states(outbox: Outbox) -> list[tuple[str, int]]:
    return [(each.state, each.attempts) for each in outbox.messages()]


def test_a_message_arrives_once_at_each_channel(outbox: Outbox, taken: Receivers) -> None:
    mail, hook = Channel(LEAD, taken.mail), Channel(taken.hook)
    put(outbox, mail, hook)
    put(outbox, mail, hook)
    assert send(outbox, mail, hook) == Sent(2, 0)
    assert send(outbox, mail, hook) == Sent(0, 0)
    ((key, body),) = taken.posts
    (received,) = taken.mails
    assert (body["title"], body["message"].strip()) == ("[warn] CSAT 3.90", "CSAT: 3.90.")
    assert (received["Subject"], received["To"]) == ("[warn] CSAT 3.90", LEAD)
    assert received["From"] == "bookbag@acme.example"
    assert received.get_content().strip() == "CSAT: 3.90."
    ids = {each.channel: each.message_id for each in outbox.messages()}
    assert key == ids[hook.channel_id] != ids[mail.channel_id] == received["Idempotency-Key"]
    assert states(outbox) == [("sent", 1), ("sent", 1)]


def test_one_who_has_got_it_does_not_get_it_again_for_one_who_has_not(
    outbox: Outbox, taken: Receivers
) -> None:
    mail, hook = Channel(LEAD, taken.mail), Channel(taken.hook)
    put(outbox, mail, hook)
    taken.status = 503
    assert send(outbox, mail, hook) == Sent(1, 1)
    assert send(outbox, mail, hook) == Sent(0, 0), "not before its time"
    taken.status = 200
    assert send(outbox, mail, hook, at=NOW + RETRIES[0]) == Sent(1, 0)
    assert (len(taken.mails), len(taken.posts)) == (1, 1)


def test_a_receiver_that_never_takes_it_ends_among_what_was_not_delivered(
    outbox: Outbox, taken: Receivers
) -> None:
    hook, at = Channel(taken.hook), NOW
    put(outbox, hook)
    taken.status = 500
    pauses = []
    while (waiting := outbox.messages()[0]).state == "queued":
        pauses.append(waiting.due_at - at)
        at = waiting.due_at
        assert send(outbox, hook, at=at) == Sent(0, 1)
    assert pauses == [timedelta(0), *RETRIES]
    (dead,) = outbox.undelivered()
    assert (dead.state, dead.attempts, dead.title) == ("dead", len(RETRIES) + 1, "[warn] CSAT 3.90")
    assert "500" in (dead.error or "")
    taken.status = 200
    assert outbox.retry([hook.channel_id], at) == 1
    assert send(outbox, hook, at=at) == Sent(1, 0)
    assert outbox.undelivered() == []


def test_a_delivery_whose_sender_is_gone_is_sent_to_nobody_a_second_time(
    outbox: Outbox, taken: Receivers
) -> None:
    hook = Channel(taken.hook)
    put(outbox, hook)
    outbox.begin(outbox.due(NOW)[0])
    assert send(outbox, hook) == Sent(0, 0)
    assert taken.posts == []
    (dead,) = outbox.undelivered()
    assert (dead.state, dead.error) == ("dead", INTERRUPTED)


def test_only_one_process_sends_at_a_time(outbox: Outbox, taken: Receivers) -> None:
    hook = Channel(taken.hook)
    put(outbox, hook)
    with outbox.sender() as is_mine:
        assert is_mine
        assert send(outbox, hook) == Sent(0, 0)
    assert send(outbox, hook) == Sent(1, 0)


def test_an_address_that_is_no_more_or_that_nobody_knows_is_told(outbox: Outbox) -> None:
    """The first may be there again: some other process may know it."""
    gone, wrong = Channel("json://127.0.0.1:1/"), Channel("slack://x/y")
    put(outbox, gone, wrong)
    assert send(outbox, wrong) == Sent(0, 2)
    told = {each.channel: (each.state, each.error or "") for each in outbox.undelivered()}
    assert told[gone.channel_id] == ("queued", UNKNOWN_CHANNEL)
    assert told[wrong.channel_id][0] == "dead"
    assert "no address that Apprise knows" in told[wrong.channel_id][1]
    for pause in RETRIES:
        send(outbox, at=NOW + 2 * pause)
    assert {each.state for each in outbox.undelivered()} == {"dead"}
    outbox.retry([], NOW)
    assert outbox.undelivered() == []


def test_trouble_with_one_receiver_keeps_nothing_from_the_others(
    outbox: Outbox, taken: Receivers
) -> None:
    """Where the mail would be written lies a file."""
    lead, hook = Channel(LEAD), Channel(taken.hook)
    put(outbox, lead, hook)
    (outbox.folder / f"{_id_of(outbox, lead)}.eml").mkdir(parents=True)
    assert send(outbox, lead, hook) == Sent(1, 1)
    (waiting,) = outbox.undelivered()
    assert (waiting.state, "IsADirectoryError" in (waiting.error or "")) == ("queued", True)


def _id_of(outbox: Outbox, channel: Channel) -> str:
    (found,) = (each for each in outbox.messages() if each.channel == channel.channel_id)
    return found.message_id


@pytest.mark.parametrize("address", ["mailtos://u:pa[ss@acme.example?to=a@b.example", "hooks/KEY"])
def test_an_address_that_cannot_be_read_is_one_that_nothing_goes_to(
    address: str, outbox: Outbox
) -> None:
    (channel,) = channels([address], None)
    assert "KEY" not in channel.channel_id and "pa[ss" not in channel.channel_id
    assert "KEY" not in channel.shown() and "pa[ss" not in channel.shown()
    assert channel.error() is not None
    put(outbox, channel)
    assert send(outbox, channel) == Sent(0, 1)


def test_without_a_mail_server_mail_is_written_whole(outbox: Outbox) -> None:
    lead = Channel(LEAD)
    put(outbox, lead)
    assert send(outbox, lead) == Sent(1, 0)
    assert states(outbox) == [("written", 1)]
    (path,) = outbox.folder.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (LEAD, "[warn] CSAT 3.90")


def test_what_has_not_left_can_be_taken_back(outbox: Outbox, taken: Receivers) -> None:
    hook = Channel(taken.hook)
    outbox.put(message(hook, due_at=NOW + timedelta(hours=8)), NOW)
    (waiting,) = outbox.messages()
    assert outbox.withdraw(waiting)
    assert not outbox.begin(waiting)
    assert send(outbox, hook, at=NOW + timedelta(days=1)) == Sent(0, 0)
    assert states(outbox) == [("withdrawn", 0)]


def test_sending_ends_in_time_and_goes_on_the_next_time(outbox: Outbox, taken: Receivers) -> None:
    hook = Channel(taken.hook)
    for number in range(3):
        outbox.put(message(hook, subject=f"a{number}"), NOW)
    assert send_due(outbox, [hook], within_s=-1, now=lambda: NOW) == Sent(0, 0)
    assert send(outbox, hook) == Sent(3, 0)


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        (["lead@acme.example", "mailto://lead@acme.example"], 1),
        (["mailto://u:p@smtp.acme.example?to=a@b.example,c@d.example&from=x@b.example"], 2),
        (["mailto://u:p@smtp.acme.example/a@b.example/c@d.example/e@f.example"], 3),
        (["mailto://u:p@smtp.acme.example?to=a@b.example"], 1),
        (["mailto://u:p@smtp.acme.example?to=a@b.example,c@d.example&cc=e@f.example"], 2),
        (["slack://a/b/c/#one/#two", "slack://a/b/c/#one/#two"], 1),
    ],
)
def test_each_receiver_of_a_mail_is_a_channel(addresses: list[str], found: int) -> None:
    made = channels(addresses, None)
    assert len({channel.channel_id for channel in made}) == len(made) == found
    assert sum("cc=" in channel.address for channel in made) <= 1


def test_addresses_and_keys_are_not_told() -> None:
    address = "mailto://bot:s3cret@smtp.acme.example?to=lead@acme.example"
    (channel,) = channels([address], None)
    assert "s3cret" not in channel.shown()
    assert "acme" not in channel.channel_id
    assert "S3CRET" not in Channel("jsons://acme.example/hooks/S3CRET?x=S3CRET").shown()
    assert "T0KEN" not in Channel("slack://T0KENT0KE/B0KENB0KE/TIiajkdnlazkcOXrIdevi7FQ").shown()


@pytest.mark.parametrize(
    ("address", "harmless"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "&lt;!channel&gt; &amp;"),
        ("workflows://acme.example/643e5a0/signature", "<\\\\!channel\\\\> &"),
    ],
)
def test_what_people_typed_pings_nobody_and_fetches_nothing(
    address: str, harmless: str, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their servers stand at fixed addresses, so this looks at what would be sent."""
    posted = []

    def post(url: str, data: str, **options: object) -> SimpleNamespace:
        posted.append(data)
        return SimpleNamespace(status_code=200, content=b"ok", text="ok", headers={})

    monkeypatch.setattr(requests, "post", post)
    monkeypatch.setattr(requests, "request", lambda _, url, **options: post(url, **options))
    channel = Channel(address)
    typed = replace(message(channel), body="Tickets, category <!channel> & more\n")
    outbox.put(typed, NOW)
    assert send(outbox, channel) == Sent(1, 0)
    (data,) = posted
    assert harmless in data
    assert "github" not in data


def test_a_receiver_that_takes_too_long_gets_it_once(
    outbox: Outbox, taken: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it has taken it nobody knows: it is among what was not delivered."""
    monkeypatch.setattr("reports.channels.ANSWER_S", 0.2)
    hook = Channel(taken.hook)
    put(outbox, hook)
    taken.pause_s = 0.6
    assert send(outbox, hook) == Sent(0, 1)
    (dead,) = outbox.undelivered()
    assert (dead.state, "may have arrived" in (dead.error or "")) == ("dead", True)
    assert len(taken.posts) == 1


def test_errors_name_no_host(outbox: Outbox) -> None:
    hook = Channel("json://127.0.0.1:1/hook")
    put(outbox, hook)
    assert send(outbox, hook) == Sent(0, 1)
    (waiting,) = outbox.undelivered()
    assert waiting.error and "127.0.0.1" not in waiting.error


def test_what_is_tried_again_waits_for_the_end_of_quiet_hours(
    outbox: Outbox, taken: Receivers
) -> None:
    hook, morning = Channel(taken.hook), NOW + timedelta(hours=9)
    put(outbox, hook)
    taken.status = 500
    send_due(outbox, [hook], now=lambda: NOW, not_before=lambda at, severity: morning)
    assert outbox.undelivered()[0].due_at == morning
