"""Reads of templates, of the names they may use, and of what was mailed about something."""

from collections.abc import Iterator

from django.db.models import QuerySet

from lapwing.audit.models import AuditEntry
from lapwing.core.errors import Refused
from lapwing.messages.addresses import parse_address, parse_sender
from lapwing.messages.events import event_named
from lapwing.messages.language.filters import Value
from lapwing.messages.mail import Mail
from lapwing.messages.models import Email, EmailTemplate
from lapwing.messages.seed import shipped
from lapwing.messages.tokens import flat, sample_of


def templates(event: str = "") -> QuerySet[EmailTemplate]:
    """All, or those of one event, by event, language and code."""
    found = EmailTemplate.objects.order_by("event", "language", "code")
    return found.filter(event=event_named(event).name) if event else found


def template_named(code: str) -> EmailTemplate:
    """Raises Refused `unknown_email_template`."""
    found = EmailTemplate.objects.filter(code=code).first()
    if found is None:
        raise Refused("unknown_email_template", f"there is no e-mail template {code[:100]!r}")
    return found


def tokens(event: str) -> Iterator[tuple[str, Value]]:
    """The names that templates of the event may use, each with a sample: ("invoice.number", "INV-2041")."""
    return flat(sample_of(event_named(event)))


def emails_about(kind: str, subject_id: int) -> QuerySet[Email]:
    """What was mailed about one invoice, subscription, run …: newest first."""
    return Email.objects.filter(subject_kind=kind, subject_id=subject_id).order_by("-prepared_at", "-pk")


def mail_of(email: Email) -> Mail:
    """The mail of a row, for `smtp.deliver`: always the same, whoever asks and whenever."""
    return Mail(
        message_id=email.message_id,
        sender=parse_sender(email.sender),
        recipient=parse_address(email.recipient),
        cc=tuple(parse_address(each) for each in email.cc),
        subject=email.subject_line,
        text=email.body_text,
        html=email.body_html,
        date=email.prepared_at,
    )


def versions_of(template: EmailTemplate) -> QuerySet[AuditEntry]:
    """Every save of a template, the newest first: `after` is what it said from then on."""
    saved = AuditEntry.objects.filter(
        subject_kind="email_template", subject_id=template.pk, action="email_template.save"
    )
    return saved.order_by("-pk")


def shipped_template(event: str, language: str) -> EmailTemplate | None:
    """As it comes with Lapwing, not saved; None where none ships in this language."""
    found = (each for each in shipped() if (each.event, each.language) == (event, language))
    return next(found, None)
