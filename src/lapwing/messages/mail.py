"""A mail as plain values, and its bytes: the same values are always the same bytes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime

from lapwing.messages.addresses import Address, Sender


@dataclass(frozen=True)
class Mail:
    """Everything that is sent. `date` is the instant at which the mail was prepared, not that of an attempt."""

    message_id: str
    sender: Sender
    recipient: Address
    cc: tuple[Address, ...]
    subject: str
    text: str
    html: str
    date: datetime

    @property
    def needs_smtputf8(self) -> bool:
        return any(each.needs_smtputf8 for each in (self.sender.address, self.recipient, *self.cc))


def message_id(key: str, mailbox: str, domain: str) -> str:
    """Follows from what happened and to whom it is told, never from the attempt."""
    digest = hashlib.sha256(f"{key}\n{mailbox}".encode()).hexdigest()
    return f"<{digest[:40]}@{domain}>"


def content(mail: Mail) -> bytes:
    """The message as it goes over the line (RFC 5322), 7-bit clean but for headers under SMTPUTF8."""
    message = EmailMessage(policy=_policy(mail))
    message["From"] = _header(mail.sender.address, mail.sender.name)
    message["To"] = _header(mail.recipient)
    if mail.cc:
        message["Cc"] = [_header(each) for each in mail.cc]
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
        message.set_boundary(_boundary(mail))
    return message.as_bytes()


def _policy(mail: Mail) -> EmailPolicy:
    return (SMTPUTF8 if mail.needs_smtputf8 else SMTP).clone(cte_type="7bit")


def _header(address: Address, name: str = "") -> HeaderAddress:
    return HeaderAddress(display_name=name, username=address.local, domain=address.domain)


def _boundary(mail: Mail) -> str:
    """Over the bodies themselves, so that none can contain it."""
    whole = "\0".join((mail.message_id, mail.text, mail.html))
    return f"=_{hashlib.sha256(whole.encode()).hexdigest()[:40]}"
