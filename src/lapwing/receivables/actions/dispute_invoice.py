"""Puts an invoice into dispute, and takes it out again."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.models import OpenItem
from lapwing.receivables.queries import invoice, locked_account


@transaction.atomic
def dispute_invoice(number: str, *, reason: str) -> OpenItem:
    """Disputed debt counts in the figures but disconnects nobody. Raises Refused `reason_missing`."""
    if not reason.strip():
        raise Refused("reason_missing", f"say why invoice {number} is disputed: --reason TEXT")
    return _set_dispute(number, disputed=True, reason=reason)


@transaction.atomic
def undispute_invoice(number: str) -> OpenItem:
    """The debt counts in full again. An invoice that is not in dispute stays as it is."""
    return _set_dispute(number, disputed=False, reason="")


def _set_dispute(number: str, *, disputed: bool, reason: str) -> OpenItem:
    require(Permission.CHANGE_ACCOUNTS)
    locked_account(invoice(number).account.number)
    item = OpenItem.objects.select_for_update().get(number=number)
    if item.disputed != disputed:
        record(
            "invoice.dispute" if disputed else "invoice.undispute",
            kind="invoice",
            subject_id=item.pk,
            subject=number,
            reason=reason,
            before={"disputed": item.disputed},
            after={"disputed": disputed},
        )
        item.disputed, item.dispute_reason = disputed, reason
        item.save(update_fields=["disputed", "dispute_reason"])
    return item
