"""Mail to one receiver, as text or as a report has made it; by a mail server, or into a file.

A server that took a mail and did not say so may have it or not: such a mail is not sent again.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from pathlib import Path
from typing import Any

from reports.errors import SendError
from reports.outbox import Kept

KEY_HEADER = "Idempotency-Key"
SENDER = "bookbag@localhost"
# Plain ASCII on the way: there are servers that take nothing else.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True)
class Server:
    """A mail server, and in whose name it sends: the parts of an address of Apprise's."""

    host: str
    port: int
    secure_mode: str  # insecure, starttls or ssl
    user: str | None
    password: str | None
    is_verified: bool
    sender: str
    receivers: tuple[str, ...]
    copies: tuple[str, ...]
    hidden: tuple[str, ...]

    @classmethod
    def of(cls, service: Any) -> Server:
        """That of a service that Apprise made of an address."""
        name, address = service.from_addr
        return cls(
            host=service.smtp_host,
            port=service.port,
            secure_mode=service.secure_mode,
            user=service.user,
            password=service.password,
            is_verified=service.verify_certificate,
            sender=formataddr((name or "", address)),
            receivers=tuple(address for _, address in service.targets),
            copies=tuple(sorted(service.cc)),
            hidden=tuple(sorted(service.bcc)),
        )


def mail_of(message: Kept, sender: str, receivers: str, copies: str = "") -> EmailMessage:
    """The mail that a message is. Raises SendError where its file is no more."""
    file = next((path for path in message.files if path.suffix == ".eml"), None)
    if file is None:
        mail = EmailMessage(policy=_POLICY)
        mail["Subject"] = message.title
        mail["Date"] = message.created_at
        mail["Message-ID"] = f"<{message.message_id}@bookbag>"
        mail.set_content(message.body)
    else:
        try:
            read = message_from_bytes(file.read_bytes(), policy=_POLICY)
        except FileNotFoundError:
            raise SendError(
                f"{file.name} of {', '.join(message.subjects)} is no more: `bookbag report` makes "
                "it again, then `bookbag alerts retry`"
            ) from None
        if not isinstance(read, EmailMessage):
            raise TypeError("the policy makes messages of the modern kind")
        mail = read
        del mail["From"]
    mail["From"], mail["To"] = sender, receivers
    if copies:
        mail["Cc"] = copies
    mail[KEY_HEADER] = message.message_id
    return mail


def write_mail(mail: EmailMessage, path: Path) -> None:
    """Into a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".next")
    beside.write_bytes(mail.as_bytes())
    os.replace(beside, path)


def send_mail(mail: EmailMessage, server: Server, connect_s: float, answer_s: float) -> None:
    """Hands it to the server. Raises SendError."""
    try:
        with _connected(server, connect_s) as smtp:
            if smtp.sock is not None:
                smtp.sock.settimeout(answer_s)
            if server.secure_mode == "starttls":
                smtp.starttls(context=_trust(server))
            if server.user and server.password:
                smtp.login(server.user, server.password)
            smtp.ehlo_or_helo_if_needed()
            _expect(smtp.mail(_address(server.sender)))
            for receiver in (*server.receivers, *server.copies, *server.hidden):
                _expect(smtp.rcpt(receiver))
            try:
                _expect(smtp.data(mail.as_bytes()))
            except (OSError, smtplib.SMTPServerDisconnected) as error:
                said = f"no answer within {answer_s} s: it may have arrived or not"
                raise SendError(said, is_final=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise SendError(f"the mail server: {_reason(error)}") from error


def _connected(server: Server, connect_s: float) -> smtplib.SMTP:
    if server.secure_mode == "ssl":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=connect_s, context=_trust(server))
    return smtplib.SMTP(server.host, server.port, timeout=connect_s)


def _trust(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not server.is_verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _expect(answer: tuple[int, bytes]) -> None:
    code, said = answer
    if code not in (250, 251):
        raise SendError(f"the mail server: {code} {said.decode(errors='replace')}")


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].rstrip(">")


def _reason(error: OSError | smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__
