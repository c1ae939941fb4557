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


def message(*to: Channel, subject: str = "a1", severity: str = "warn") -> Message:
    ids = [channel.channel_id for channel in to]
    return Message("opened", severity, "[warn] CSAT 3.90", "CSAT: 3.90.\n", [subject], ids, NOW)


def send(outbox: Outbox, *to: Channel, at: datetime = NOW) -> Sent:
    return send_due(outbox, to, now=lambda: at)


def states(outbox: Outbox) -> list[tuple[str, int]]:
    return [(each.state, each.attempts) for each in outbox.deliveries()]


def test_a_message_arrives_once_at_each_channel(outbox: Outbox, taken: Receivers) -> None:
    mail, hook = Channel(LEAD, taken.mail), Channel(taken.hook)
    assert outbox.put(message(mail, hook), NOW)
    assert not outbox.put(message(mail, hook), NOW)
    assert send(outbox, mail, hook) == Sent(2, 0)
    assert send(outbox, mail, hook) == Sent(0, 0)
    ((key, body),) = taken.posts
    (received,) = taken.mails
    assert (body["title"], body["message"].strip()) == ("[warn] CSAT 3.90", "CSAT: 3.90.")
    assert (received["Subject"], received["To"]) == ("[warn] CSAT 3.90", LEAD)
    assert received["From"] == "bookbag@acme.example"
    assert received.get_content().strip() == "CSAT: 3.90."
    assert key.endswith(hook.channel_id)
    assert str(received["Idempotency-Key"]).endswith(mail.channel_id)
    assert states(outbox) == [("sent", 1), ("sent", 1)]


def test_one_who_has_got_it_does_not_get_it_again_for_one_who_has_not(
    outbox: Outbox, taken: Receivers
) -> None:
    mail, hook = Channel(LEAD, taken.mail), Channel(taken.hook)
    outbox.put(message(mail, hook), NOW)
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
    outbox.put(message(hook), NOW)
    taken.status = 500
    pauses = []
    while (delivery := outbox.deliveries()[0]).state == "queued":
        pauses.append(delivery.due_at - at)
        at = delivery.due_at
        assert send(outbox, hook, at=at) == Sent(0, 1)
    assert pauses == [timedelta(0), *RETRIES]
    (dead,) = outbox.undelivered()
    assert (dead.state, dead.attempts, dead.title) == ("dead", len(RETRIES) + 1, "[warn] CSAT 3.90")
    assert "500" in (dead.error or "")
    taken.status = 200
    assert outbox.retry(at) == 1
    assert send(outbox, hook, at=at) == Sent(1, 0)
    assert outbox.undelivered() == []


def test_a_delivery_whose_sender_is_gone_is_sent_to_nobody_a_second_time(
    outbox: Outbox, taken: Receivers
) -> None:
    hook = Channel(taken.hook)
    outbox.put(message(hook), NOW)
    outbox.begin(outbox.due(NOW)[0])
    assert send(outbox, hook) == Sent(0, 0)
    assert taken.posts == []
    (dead,) = outbox.undelivered()
    assert (dead.state, dead.error) == ("dead", INTERRUPTED)


def test_only_one_process_sends_at_a_time(outbox: Outbox, taken: Receivers) -> None:
    hook = Channel(taken.hook)
    outbox.put(message(hook), NOW)
    with outbox.sender() as is_mine:
        assert is_mine
        assert send(outbox, hook) == Sent(0, 0)
    assert send(outbox, hook) == Sent(1, 0)


def test_an_address_that_is_no_more_or_that_nobody_knows_is_told(outbox: Outbox) -> None:
    gone, wrong = Channel("json://127.0.0.1:1/"), Channel("slack://x/y")
    outbox.put(message(gone, wrong), NOW)
    assert send(outbox, wrong) == Sent(0, 2)
    told = {each.channel: each.error or "" for each in outbox.undelivered()}
    assert told[gone.channel_id] == UNKNOWN_CHANNEL
    assert "no address that Apprise knows" in told[wrong.channel_id]


def test_without_a_mail_server_mail_is_written_whole(outbox: Outbox) -> None:
    lead = Channel(LEAD)
    outbox.put(message(lead), NOW)
    assert send(outbox, lead) == Sent(1, 0)
    assert states(outbox) == [("written", 1)]
    (path,) = outbox.folder.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (LEAD, "[warn] CSAT 3.90")


def test_what_has_not_left_can_be_taken_back(outbox: Outbox, taken: Receivers) -> None:
    hook = Channel(taken.hook)
    later = replace(message(hook), due_at=NOW + timedelta(hours=8))
    outbox.put(later, NOW)
    assert outbox.withdraw(later.message_id)
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
        (["lead@acme.example", "mailto://lead@acme.example"], 2),
        (["mailto://u:p@smtp.acme.example?to=a@b.example,c@d.example&from=x@b.example"], 2),
        (["mailto://u:p@smtp.acme.example/a@b.example/c@d.example/e@f.example"], 3),
        (["mailto://u:p@smtp.acme.example?to=a@b.example"], 1),
        (["slack://a/b/c/#one/#two", "slack://a/b/c/#one/#two"], 1),
    ],
)
def test_each_receiver_of_a_mail_is_a_channel(addresses: list[str], found: int) -> None:
    made = channels(addresses, None)
    assert len({channel.channel_id for channel in made}) == len(made) == found


def test_addresses_and_keys_are_not_told() -> None:
    address = "mailto://bot:s3cret@smtp.acme.example?to=lead@acme.example"
    (channel,) = channels([address], None)
    assert "s3cret" not in channel.shown()
    assert "acme" not in channel.channel_id
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
