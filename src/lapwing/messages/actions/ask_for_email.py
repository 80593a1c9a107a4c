"""Asks for a mail about something, in the transaction of the change that it tells of."""

import hashlib

from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
from lapwing.messages.actions.prepare_email import check_key
from lapwing.messages.addresses import parse_address
from lapwing.messages.events import event_named

SEND = "send_email"


def ask_for_email(event: str, *, subject_id: int, recipient: str, again: str = "") -> Job:
    """One mail per recipient and event; `again` tells repeated ones apart.

    Raises Refused `unknown_mail_event`, `bad_address`,
    `bad_mail_key`.
    """
    event_named(event)
    address = parse_address(recipient)
    key = f"{event} {subject_id} {again}".strip()
    check_key(key)
    mailbox = hashlib.sha256(address.mailbox.encode()).hexdigest()[:32]  # two long addresses stay two keys
    return enqueue(
        SEND,
        subject_kind=event,
        subject_id=subject_id,
        subject=f"{event} {subject_id}",
        parameters={"event": event, "subject_id": subject_id, "recipient": str(address), "key": key},
        key=f"{key} {mailbox}",
        lane="mail",
    )
