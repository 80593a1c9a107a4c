"""Writes the intent to send one e-mail, rendered, before anything leaves the house."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.messages.addresses import Address, parse_address, parse_sender
from lapwing.messages.compose import Composed, compose
from lapwing.messages.events import Data
from lapwing.messages.mail import message_id
from lapwing.messages.models import Email

KEY = re.compile(r"[!-~][ -~]{0,118}[!-~]?")


@dataclass(frozen=True)
class About:
    """What the mail is about, as the audit names it; `subject` is its number as people know it."""

    subject_kind: str = ""
    subject_id: int | None = None
    subject: str = ""
    job_id: int | None = None


@transaction.atomic
def prepare_email(
    event: str,
    *,
    key: str,
    recipient: str,
    language: str,
    data: Data,
    sender: str,
    cc: Iterable[str] = (),
    about: About = About(),
) -> Email:
    """Returns the mail of this key to this mailbox: the one that is there already, unchanged, or a new one.

    `key` names what happened (invoice_issued INV-1), never an attempt. Whoever asked for the mail was asked for his
    permission then; here a job acts. Raises Refused `bad_mail_key`, `mail_key_in_use` (the key is of another event),
    `bad_address`, and what `compose` raises.
    """
    check_key(key)
    to, origin = parse_address(recipient), parse_sender(sender)
    found = Email.objects.filter(key=key, mailbox=to.mailbox).first()
    if found is None:
        composed = compose(event, str(to), language, data)
        copies = _copies(cc, to)
        found = _written(
            Email(
                event=event,
                key=key,
                recipient=str(to),
                mailbox=to.mailbox,
                message_id=message_id(key, to.mailbox, origin.address.domain),
                sender=sender.strip(),
                cc=copies,
                prepared_at=clock.now(),
                **_parts(composed),
                **asdict(about),
            )
        )
    if found.event != event:
        raise Refused(
            "mail_key_in_use",
            f"the mail key {key} is that of a mail {found.event}, not {event}; choose another",
        )
    return found


def check_key(key: str) -> None:
    """Raises Refused `bad_mail_key`."""
    if not KEY.fullmatch(key):
        raise Refused("bad_mail_key", f"the mail key {key[:40]!a} is not 1 to 120 plain ASCII characters")


def _written(email: Email) -> Email:
    """Two workers at once: the database lets one in, the other is given what that one wrote."""
    fields = {field.attname: getattr(email, field.attname) for field in Email._meta.concrete_fields}
    own = {name: value for name, value in fields.items() if name not in ("id", "key", "mailbox")}
    found, created = Email.objects.get_or_create(key=email.key, mailbox=email.mailbox, defaults=own)
    if created:
        record(
            "email.prepare",
            kind="email",
            subject_id=found.pk,
            subject=f"{found.event} {found.key}",
            after={"message_id": found.message_id, "template": found.template, "language": found.language},
        )
    return found


def _copies(cc: Iterable[str], to: Address) -> list[str]:
    """Each mailbox once, and none that is the recipient's."""
    by_mailbox = {address.mailbox: str(address) for address in map(parse_address, cc)}
    return [address for mailbox, address in by_mailbox.items() if mailbox != to.mailbox]


def _parts(composed: Composed) -> dict[str, str]:
    return {
        "template": composed.template,
        "language": composed.language,
        "subject_line": composed.subject,
        "body_text": composed.text,
        "body_html": composed.html,
    }
