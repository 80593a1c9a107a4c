"""Writes what became of an e-mail."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.messages.models import Email
from lapwing.messages.states import CLOSING, EMAIL, EmailStatus

MAX_ANSWER = 500


@transaction.atomic
def close_email(email_id: int, *, status: str, answer: str = "", code: str = "") -> Email:
    """Closes a prepared or unknown mail as sent, refused or not_sent, or notes that its outcome is unknown.

    `answer` is the server's words, `code` why it was refused or not sent. The same status again changes nothing, so a
    late second worker does no harm. Raises Refused `unknown_email`, `bad_email_status`, `email_end_without_reason`,
    `illegal_transition`.
    """
    if status not in CLOSING:
        raise Refused("bad_email_status", f"an e-mail ends {', '.join(CLOSING)}, not {status[:40]!a}")
    if status in (EmailStatus.REFUSED, EmailStatus.NOT_SENT) and not (answer or code):
        raise Refused(
            "email_end_without_reason", f"e-mail {email_id} is {status}; say why, as code or answer"
        )
    email = Email.objects.select_for_update().filter(pk=email_id).first()
    if email is None:
        raise Refused("unknown_email", f"there is no e-mail {email_id}")
    if email.status == status:
        return email
    before = email.status
    email.status = EMAIL.target(before, CLOSING[EmailStatus(status)], email.message_id)
    email.sent_at = clock.now() if status == EmailStatus.SENT else None
    email.smtp_answer, email.result_code = answer[:MAX_ANSWER], code[:64]
    email.save(update_fields=["status", "sent_at", "smtp_answer", "result_code"])
    record(
        f"email.{status}",
        kind="email",
        subject_id=email.pk,
        subject=f"{email.event} {email.key}",
        reason=email.result_code,
        before={"status": before},
        after={"status": email.status},  # the answer may name the recipient; it stays in the row
    )
    return email
