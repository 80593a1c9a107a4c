"""Notes that the customer was reminded of the account's debt."""

from datetime import date

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.models import Reminder
from lapwing.receivables.queries import locked_account


@transaction.atomic
def record_reminder(account_number: str, *, sent_on: date, level: int = 1) -> Reminder:
    """One that was sent; it lets runs act that spare whom nobody warned. Raises Refused `in_the_future`."""
    require(Permission.CHANGE_ACCOUNTS)
    if sent_on > today():
        raise Refused("in_the_future", f"a reminder of {sent_on} has not been sent yet; today is {today()}")
    account = locked_account(account_number)
    reminder = Reminder.objects.create(account=account, sent_on=sent_on, level=level)
    record(
        "account.remind",
        kind="account",
        subject_id=account.pk,
        subject=account.number,
        after={"sent_on": sent_on.isoformat(), "level": level},
    )
    return reminder
