"""Where messages go: an address of Apprise's, or a mail address by the account's mail server.

`mailto://lead@acme.example` and `lead@acme.example` name a person and no server: their mail goes by
the server of the account, and into a file where there is none. Each address is one channel, so that
who has got a message does not get it again because another one has not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from reports.errors import SendError
from reports.mails import KEY_HEADER, Server, mail_of, send_mail, unfit_of, write_mail
from reports.outbox import Kept

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
PERSON = re.compile(r"(?:mailto://)?([^\s/@:?]+@[A-Za-z0-9.-]+)/?")
MAIL_SCHEMES = ("mailto", "mailtos")
# Apprise sends headers along with these; the key of a delivery is one.
WITH_HEADERS = ("json", "jsons", "xml", "xmls", "form", "forms")
# How long a receiver may take to be there, and to say that it has taken something. A sensor's tick
# has a minute.
CONNECT_S, ANSWER_S = 10, 20
# It was there, and did not say so in time.
_WARNING = re.compile(r"(?:WARNING|ERROR|CRITICAL) (.*)")
_TOO_LATE = re.compile(r"[Rr]ead timed out")
# How it is shown where the receiver has signs for it.
_TYPES = {"recovered": "success", "digest": "info", "high": "failure", "critical": "failure"}


@dataclass(frozen=True)
class Channel:
    """One address. `channel_id` names it where addresses are not to be read; `server` is the
    account's mail server, an address of Apprise's without a receiver.
    """

    address: str
    server: str | None = None

    @property
    def channel_id(self) -> str:
        return f"{self.scheme}-{hashlib.sha256(self._named.encode()).hexdigest()[:8]}"

    @property
    def _named(self) -> str:
        """What tells it from others: of mail who gets it, by whatever server and password."""
        if self.person or self.scheme not in MAIL_SCHEMES:
            return self.person or self.address
        service = _service(self.address)
        if service is None:
            return self.address
        people = (address for _, address in service.targets)
        return ",".join([*people, *sorted((*service.cc, *service.bcc))])

    @property
    def scheme(self) -> str:
        found = SCHEME.match(self.address)
        return "mailto" if self.person else found[1].lower() if found else "unknown"

    @property
    def person(self) -> str | None:
        """The mail address, where no server is named."""
        found = PERSON.fullmatch(self.address)
        return found[1] if found else None

    @property
    def is_file(self) -> bool:
        return self.person is not None and self.server is None

    def shown(self) -> str:
        """The address without what is secret in it."""
        if self.person:
            return self.person
        service = _service(self.address)
        if service is None:
            return f"{self.scheme}://…"
        if self.scheme in (*MAIL_SCHEMES, *WITH_HEADERS):
            # Of a webhook the path is the key.
            parts = urlsplit(self.address)
            return f"{self.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        return str(service.url(privacy=True)).partition("?")[0]

    def error(self) -> str | None:
        """Why nothing can be sent to it; None where something can."""
        service = None if self.is_file else _service(self._target())
        if self.is_file or service is not None:
            is_mail = service is not None and self.scheme in MAIL_SCHEMES
            return unfit_of(service) if is_mail else None
        if self.person:
            return "the mail server of [mail] is no address that Apprise knows"
        return f"{self.scheme}://… is no address that Apprise knows, or a part of it is missing"

    def send(self, message: Kept, folder: Path) -> None:
        """Sends; where there is no mail server, writes the mail to `folder`. Raises SendError."""
        if self.is_file:
            mail = mail_of(message, None, folder, self.person or "")
            write_mail(mail, folder / f"{message.message_id}.eml")
            return
        service = _service(self._target())
        if service is None:
            raise SendError(self.error() or "it cannot be sent", is_final=True)
        try:
            if self.scheme in MAIL_SCHEMES:
                server = Server.of(service)
                send_mail(mail_of(message, server, folder), server, CONNECT_S, ANSWER_S)
            else:
                _notify(message, self._target())
        except SendError as error:
            raise SendError(self._without_host(str(error)), is_final=error.is_final) from error

    def _without_host(self, text: str) -> str:
        try:
            host = urlsplit(self._target()).hostname
        except ValueError:
            host = None
        return text.replace(host, "the receiver") if host else text

    def _target(self) -> str:
        if self.person is None or self.server is None:
            return self.address
        return _with(self.server, "to", quote(self.person))


def _notify(message: Kept, target: str) -> None:
    """Has Apprise send to what is no mail. Raises SendError."""
    # Not before it is needed: it takes a tenth of a second to load.
    import apprise

    target = _with(target, "cto", str(CONNECT_S))
    target = _with(target, "rto", str(ANSWER_S))
    if target.partition("://")[0].lower() in WITH_HEADERS:
        target = _with(target, f"+{KEY_HEADER}", message.message_id)
    sender = apprise.Apprise(asset=_asset())
    sender.add(_service(target))
    kind = _TYPES.get(message.event) or _TYPES.get(message.severity, "warning")
    with _heard() as said:
        has_arrived = sender.notify(
            title=message.title,
            body=message.body,
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=apprise.NotifyType(kind),
        )
        lines = said.getvalue().strip().splitlines()
    if not has_arrived:
        is_unsure = any(_TOO_LATE.search(line) for line in lines)
        warnings = [found[1] for line in lines if (found := _WARNING.match(line))]
        told = warnings[-1] if warnings else "the receiver did not take it"
        if is_unsure:
            told = f"no answer within {ANSWER_S} s: it may have arrived or not"
        raise SendError(told, is_final=is_unsure)


def _with(address: str, name: str, value: str) -> str:
    """With a parameter, unless the address has it."""
    if re.search(rf"[?&]{re.escape(name)}=", address):
        return address
    return f"{address}{'&' if '?' in address else '?'}{name}={value}"


def channels(addresses: Sequence[str], server: str | None) -> list[Channel]:
    """One channel for each receiver; a mail address of Apprise's may name several."""
    found = [Channel(one, server) for address in addresses for one in _single(address.strip())]
    return list({one.channel_id: one for one in reversed(found)}.values())[::-1]


def is_address(text: str) -> bool:
    """Whether it looks like one; what Apprise says of it is `Channel.error`."""
    return bool(PERSON.fullmatch(text) or SCHEME.match(text))


def _single(address: str) -> list[str]:
    if PERSON.fullmatch(address):
        return [address]
    try:
        parts = urlsplit(address)
    except ValueError:
        # It stays one channel, which says that it cannot be sent to.
        return [address]
    if parts.scheme not in MAIL_SCHEMES:
        return [address]
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = [each for name, value in query if name == "to" for each in value.split(",")]
    people = [*(part for part in parts.path.split("/") if part), *named]
    if len(people) < 2:
        return [address]
    copied = [(name, value) for name, value in query if name in ("cc", "bcc")]
    others = [(name, value) for name, value in query if name not in ("to", "cc", "bcc")]
    found = []
    for number, one in enumerate(people):
        # Who gets a copy gets one.
        told = [*others, ("to", one.strip()), *(copied if number == 0 else ())]
        found.append(urlunsplit((parts.scheme, parts.netloc, "", urlencode(told), "")))
    return found


def _service(address: str) -> Any:
    import apprise

    with _heard():
        return apprise.Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)


def _heard() -> Any:
    """What Apprise says meanwhile, which is how it tells why."""
    import apprise

    capture: Any = apprise.LogCapture
    return capture(level=apprise.logging.DEBUG, fmt="%(levelname)s %(message)s")


def _asset() -> Any:
    """Who sends, without pictures of others, and that nothing is kept of it elsewhere."""
    import apprise

    return apprise.AppriseAsset(
        app_id="bookbag",
        app_desc="bookbag",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
