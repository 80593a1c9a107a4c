"""Issues an invoice as an open item; payments that waited for it and unallocated credit settle it at once."""

from datetime import date

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.ledger import allocate_to_invoice
from lapwing.receivables.models import OpenItem
from lapwing.receivables.queries import locked_account


@transaction.atomic
def issue_invoice(
    number: str,
    *,
    account_number: str,
    total_minor: int,
    issued_on: date,
    due_on: date,
    disputed: bool = False,
) -> OpenItem:
    """Raises Refused `number_in_use`, `in_the_future`, `due_before_issue`, `bad_amount`."""
    require(Permission.POST_PAYMENTS)
    account = locked_account(account_number)
    if OpenItem.objects.filter(number=number).exists():
        raise Refused("number_in_use", f"there is an invoice {number} already")
    if issued_on > today():
        raise Refused(
            "in_the_future", f"invoice {number} cannot be issued on {issued_on}: today is {today()}"
        )
    if due_on < issued_on:
        raise Refused("due_before_issue", f"invoice {number} is due {due_on}, before its issue {issued_on}")
    if total_minor < 0:
        raise Refused("bad_amount", f"invoice {number} has a negative total")
    item = OpenItem.objects.create(
        number=number,
        account=account,
        issued_on=issued_on,
        due_on=due_on,
        total_minor=total_minor,
        unsettled_minor=total_minor,
        disputed=disputed,
    )
    record(
        "invoice.issue",
        kind="invoice",
        subject_id=item.pk,
        subject=number,
        after={"account": account.number, "total_minor": total_minor, "due_on": due_on.isoformat()},
    )
    allocate_to_invoice(item, issued_on)
    item.refresh_from_db()
    return item
