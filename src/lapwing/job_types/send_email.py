"""Sends one mail: rendered and kept when it is prepared, handed to the mail server, recorded as sent at once.

A mail server cannot be asked what became of a mail whose answer was lost. It is sent again with the same Message-ID, by
which mailboxes recognise a copy (docs/decisions).
"""

import time
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet

from lapwing.core import clock
from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.errors import Refused
from lapwing.jobs import outcomes
from lapwing.jobs.outcomes import Failed, Later, NotApplicable, Outcome, Retry, Succeeded, TransientError
from lapwing.jobs.states import DID_NOT_HAPPEN, NEEDS_PERSON
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from lapwing.messages.actions.ask_for_email import SEND
from lapwing.messages.actions.close_email import close_email
from lapwing.messages.actions.prepare_email import prepare_email
from lapwing.messages.actions.reopen_email import reopen_email
from lapwing.messages.addresses import parse_address
from lapwing.messages.errors import NotSent, OutcomeUnknown, RefusedByServer
from lapwing.messages.facts import mail_facts
from lapwing.messages.mail import Mail
from lapwing.messages.models import Email
from lapwing.messages.queries import mail_of
from lapwing.messages.smtp import Answer, deliver
from lapwing.messages.smtp_server import SmtpServer, server_from_url
from lapwing.messages.states import OPEN, EmailStatus

ASK_AGAIN = timedelta(hours=1)
LOST = "an attempt ended before it told what became of it; the mail may have arrived"


class MailParameters(Parameters):
    event: str
    subject_id: int
    recipient: str
    key: str


@dataclass(frozen=True)
class Intent:
    """The mail as it was written down, and where it is handed in."""

    email_id: int
    mail: Mail
    server: SmtpServer


class SendEmail(OutsideType):
    """Nothing is mailed that is no longer true, and nothing twice to one recipient for one event."""

    name = SEND
    label = "Send e-mail"
    Parameters = MailParameters
    time_limit_s = 50

    def prepare(self, job: HeldJob) -> Intent | Outcome:
        asked = MailParameters(**job.parameters)
        facts = mail_facts.get(asked.event).gather(asked.subject_id)
        if facts is None:
            return _drop(asked, doubtful=job.doubtful)
        try:
            server = server_from_url(settings.SMTP_URL)
        except Refused as refused:
            return Later(clock.now() + ASK_AGAIN, "no_mail_server", str(refused))
        email = prepare_email(
            asked.event,
            key=asked.key,
            recipient=asked.recipient,
            language=facts.language,
            data=facts.data,
            sender=settings.MAIL_FROM,
            about=facts.about,
        )
        if email.status == EmailStatus.SENT:
            return NotApplicable("already_sent", f"sent at {email.sent_at}")
        if email.status not in OPEN:
            with acting_as(SYSTEM):
                email = reopen_email(email.pk, reason=f"job {job.id} runs again")
        return Intent(email.pk, mail_of(email), server)

    def call(self, job: HeldJob, intent: Intent, deadline: float) -> Answer:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TransientError("too_late", "the attempt waited too long before it could begin")
        server = replace(intent.server, total_timeout_s=min(intent.server.total_timeout_s, left_s))
        return deliver(intent.mail, server)

    def settle(self, job: HeldJob, intent: Intent, answer: Answer) -> Outcome:
        close_email(intent.email_id, status=EmailStatus.SENT, answer=str(answer))
        return Succeeded(f"{intent.mail.message_id}: {answer}")

    def settle_failure(self, job: HeldJob, intent: Intent, error: Exception) -> Outcome:
        if isinstance(error, OutcomeUnknown):
            close_email(intent.email_id, status=EmailStatus.UNKNOWN, answer=error.message)
            return outcomes.OutcomeUnknown(error.message).outcome
        if isinstance(error, RefusedByServer):
            close_email(intent.email_id, status=EmailStatus.REFUSED, answer=error.message, code=error.code)
            return Failed(error.code, error.message)
        if isinstance(error, NotSent):
            return Retry(error.code, error.message)
        return outcomes.outcome_of(error)

    def on_failed(self, job: HeldJob, code: str, text: str) -> None:
        asked = MailParameters(**job.parameters)
        _close_prepared(asked, code, text, doubtful=code == NEEDS_PERSON)

    def on_settled(self, job: HeldJob, *, happened: bool, reason: str) -> None:
        asked = MailParameters(**job.parameters)
        status, code = (EmailStatus.SENT, "") if happened else (EmailStatus.NOT_SENT, DID_NOT_HAPPEN)
        for email in _mails(asked, EmailStatus.UNKNOWN):
            close_email(email.pk, status=status, code=code, answer=reason)


def _mails(asked: MailParameters, status: EmailStatus) -> QuerySet[Email]:
    """The job's own mail, where it is in this status: others of the same event may have gone elsewhere."""
    mailbox = parse_address(asked.recipient).mailbox
    return Email.objects.filter(key=asked.key, event=asked.event, mailbox=mailbox, status=status)


def _drop(asked: MailParameters, *, doubtful: bool) -> Outcome:
    """It stopped being true before it was sent, or before anybody knew whether it was."""
    _close_prepared(asked, "no_longer_true", "", doubtful=doubtful)
    return NotApplicable("no_longer_true", "what it would tell is no longer so")


def _close_prepared(asked: MailParameters, code: str, text: str, *, doubtful: bool) -> None:
    """A worker that was lost while it sent the mail left it prepared; nobody can say that it did not arrive."""
    for email in _mails(asked, EmailStatus.PREPARED):
        if doubtful:
            close_email(email.pk, status=EmailStatus.UNKNOWN, answer=LOST)
        else:
            close_email(email.pk, status=EmailStatus.NOT_SENT, code=code, answer=text)


job_types.register(SendEmail())
