"""Lets an e-mail that was refused or not sent be tried again, after a person has removed the cause."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.messages.models import Email
from lapwing.messages.states import EMAIL, EmailStatus


@transaction.atomic
def reopen_email(email_id: int, *, reason: str) -> Email:
    """The same mail with the same Message-ID; its words stay those of the day it was prepared. Prepared stays so.

    Raises Refused `not_permitted`, `unknown_email`, `illegal_transition` (a sent mail is never sent again).
    """
    require(Permission.CHANGE_ACCOUNTS)
    email = Email.objects.select_for_update().filter(pk=email_id).first()
    if email is None:
        raise Refused("unknown_email", f"there is no e-mail {email_id}")
    if email.status == EmailStatus.PREPARED:
        return email
    before = email.status
    email.status = EMAIL.target(before, "reopen", email.message_id)
    email.save(update_fields=["status"])
    record(
        "email.reopen",
        kind="email",
        subject_id=email.pk,
        subject=f"{email.event} {email.key}",
        reason=reason,
        before={"status": before, "code": email.result_code},
        after={"status": email.status},
    )
    return email
