"""Mail to one receiver, as text or as a report has made it; by a mail server, or into a file.

A server that took a mail and did not say so may have it or not: such a mail is not sent again.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from pathlib import Path
from typing import Any

from reports.errors import SendError
from reports.outbox import Kept
from reports.placing import place

KEY_HEADER = "Idempotency-Key"
# Who it is from where no mail server says.
SENDER = "bookbag@localhost"
TAKEN = (250, 251)
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
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, service: Any) -> Server:
        """That of a service that Apprise made of an address. Raises SendError where no mail goes by
        it.
        """
        if unfit := unfit_of(service):
            raise SendError(unfit, is_final=True)
        name, address = service.from_addr
        reply_to = ", ".join(sorted(service.reply_to))
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
            headers=(
                *((("Reply-To", reply_to),) if reply_to else ()),
                *sorted(service.headers.items()),
            ),
        )


def unfit_of(service: Any) -> str | None:
    """Why no mail goes by an address; None where it does."""
    if not service.targets:
        return "the address names no receiver that a mail server understands"
    if service.pgp_mode != "no":
        return "the address asks for PGP, which bookbag does not do: take pgp= out of it"
    return None


def mail_of(message: Kept, server: Server | None, folder: Path, person: str = "") -> EmailMessage:
    """The mail that a message is, to the receivers of a server, or to a `person`. `folder` has the
    files of messages. Raises SendError where its file is no more.
    """
    if message.mail is None:
        mail = EmailMessage(policy=_POLICY)
        mail["Subject"] = message.title
        mail["Date"] = message.created_at
        mail["Message-ID"] = f"<{message.message_id}@bookbag>"
        mail.set_content(message.body)
    else:
        try:
            read = message_from_bytes((folder / message.mail).read_bytes(), policy=_POLICY)
        except FileNotFoundError:
            raise SendError(
                f"{message.mail} of the outbox is no more, and with it the mail", is_final=True
            ) from None
        if not isinstance(read, EmailMessage):
            raise TypeError("the policy makes messages of the modern kind")
        mail = read
        del mail["From"]
    mail["From"] = server.sender if server else SENDER
    mail["To"] = ", ".join(server.receivers) if server else person
    if server and server.copies:
        mail["Cc"] = ", ".join(server.copies)
    for name, value in server.headers if server else ():
        del mail[name]
        mail[name] = value
    mail[KEY_HEADER] = message.message_id
    return mail


def write_mail(mail: EmailMessage, path: Path) -> None:
    """Into a file, whole or not at all."""
    place(path, mail.as_bytes())


def send_mail(mail: EmailMessage, server: Server, connect_s: float, answer_s: float) -> None:
    """Hands it to the server, for all receivers that it knows. Raises SendError."""
    try:
        smtp = _connected(server, connect_s)
    except (OSError, smtplib.SMTPException) as error:
        raise SendError(f"the mail server: {_reason(error)}") from error
    try:
        if smtp.sock is not None:
            smtp.sock.settimeout(answer_s)
        if server.secure_mode == "starttls":
            smtp.starttls(context=_trust(server))
        if server.user and server.password:
            smtp.login(server.user, server.password)
        smtp.ehlo_or_helo_if_needed()
        _expect(smtp.mail(_address(server.sender)))
        answers = [smtp.rcpt(receiver) for receiver in server.receivers]
        if all(code not in TAKEN for code, _ in answers):
            _expect(answers[0])
        # One who is to have a copy and is not known there keeps it from nobody.
        for receiver in (*server.copies, *server.hidden):
            smtp.rcpt(receiver)
        content = mail.as_bytes()
    except (OSError, smtplib.SMTPException) as error:
        smtp.close()
        raise SendError(f"the mail server: {_reason(error)}") from error
    except SendError:
        smtp.close()
        raise
    _hand_over(smtp, content, answer_s)


def _hand_over(smtp: smtplib.SMTP, content: bytes, answer_s: float) -> None:
    """From here on it may have arrived, whatever the server says or does not say."""
    try:
        _expect(smtp.data(content))
        # It has been taken; how the server takes leave is of no concern.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    except smtplib.SMTPDataError as error:
        raise SendError(f"the mail server: {_reason(error)}") from error
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        said = f"no answer within {answer_s} s: it may have arrived or not"
        raise SendError(said, is_final=True) from error
    finally:
        smtp.close()


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
    if code not in TAKEN:
        raise SendError(f"the mail server: {code} {said.decode(errors='replace')}")


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].rstrip(">")


def _reason(error: OSError | smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__
