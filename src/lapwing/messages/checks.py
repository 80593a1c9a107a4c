"""What must be so of mail: one a key and mailbox, sent when it says so, and templates that their events can fill."""

from collections.abc import Iterator

from django.db.models import Count, Q

from lapwing.core.errors import Refused
from lapwing.core.invariants import invariant
from lapwing.messages.addresses import parse_address, parse_sender
from lapwing.messages.events import EVENTS
from lapwing.messages.mail import message_id
from lapwing.messages.models import Email, EmailTemplate, TemplateState
from lapwing.messages.states import EmailStatus
from lapwing.messages.template_check import PARTS, check_parts


@invariant("an e-mail has the time it was sent if, and only if, it was sent")
def sent_emails_have_their_time() -> Iterator[str]:
    sent = Q(status=EmailStatus.SENT)
    for email in Email.objects.filter((sent & Q(sent_at__isnull=True)) | (~sent & Q(sent_at__isnull=False))):
        yield f"e-mail {email.message_id} is {email.status}, found sent_at {email.sent_at}"


@invariant("an event is mailed to a mailbox once, whatever its capital letters")
def emails_are_once_per_key_and_mailbox() -> Iterator[str]:
    pairs = Email.objects.values("key", "mailbox").annotate(times=Count("pk")).filter(times__gt=1)
    for pair in pairs.iterator():
        yield f"mail key {pair['key']}: {pair['times']} e-mails to one mailbox, expected 1"


@invariant("an e-mail's Message-ID follows from its key, mailbox and sender, and from nothing else")
def message_ids_follow_from_their_keys() -> Iterator[str]:
    for email in Email.objects.only("message_id", "key", "mailbox", "recipient", "sender").iterator():
        try:
            mailbox = parse_address(email.recipient).mailbox
            expected = message_id(email.key, mailbox, parse_sender(email.sender).address.domain)
        except Refused as refusal:
            yield f"e-mail {email.message_id}: {refusal}"
            continue
        if (email.message_id, email.mailbox) != (expected, mailbox):
            yield f"mail key {email.key}: found Message-ID {email.message_id}, expected {expected}"


@invariant("a refused or dropped e-mail says why")
def closed_emails_say_why() -> Iterator[str]:
    silent = Email.objects.filter(status__in=(EmailStatus.REFUSED, EmailStatus.NOT_SENT), result_code="")
    for email in silent.filter(smtp_answer="").iterator():
        yield f"e-mail {email.message_id} is {email.status} without a code or an answer"


@invariant("an effective e-mail template can be filled with what its event declares")
def effective_templates_suit_their_events() -> Iterator[str]:
    for template in EmailTemplate.objects.filter(life_cycle_state=TemplateState.EFFECTIVE).iterator():
        if template.event not in EVENTS:
            yield f"e-mail template {template.code} is for {template.event}, which is no event"
            continue
        try:
            parts = {part: getattr(template, part) for part in PARTS}
            check_parts(EVENTS[template.event], template.code, parts)
        except Refused as refusal:
            yield str(refusal)
