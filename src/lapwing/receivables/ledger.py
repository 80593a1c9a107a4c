"""The one place that writes allocations and the two sums stored for speed (an item's unsettled amount, a payment's
unallocated amount). The account is locked by the caller.
"""

from datetime import date

from django.db.models import F, QuerySet

from lapwing.receivables.allocation import Debt, settle
from lapwing.receivables.models import Account, Allocation, OpenItem, Payment, PaymentState


def is_waiting(payment: Payment) -> bool:
    """A payment that names an invoice not yet issued waits for it, whole."""
    named = payment.invoice_number
    return bool(named) and not OpenItem.objects.filter(number=named, account=payment.account_id).exists()


def allocate_payment(payment: Payment, on: date) -> None:
    """Settles the account's open items with what the payment has left, unless it waits for its invoice."""
    if not is_waiting(payment):
        open_items = OpenItem.objects.filter(account=payment.account_id, unsettled_minor__gt=0)
        _deal_out(payment, [_debt(item) for item in open_items], on)


def allocate_credit(account: Account, on: date) -> None:
    """Settles open items from unallocated credit, oldest payment first."""
    credit = Payment.objects.filter(account=account, state=PaymentState.POSTED, unallocated_minor__gt=0)
    for payment in _oldest_first(credit):
        allocate_payment(payment, on)


def allocate_to_invoice(item: OpenItem, on: date) -> None:
    """A new invoice meets the payments that waited for it, whole, then the account's unallocated credit."""
    waited = Payment.objects.filter(
        account=item.account_id,
        state=PaymentState.POSTED,
        unallocated_minor__gt=0,
        invoice_number=item.number,
    )
    for payment in _oldest_first(waited):
        allocate_payment(payment, on)
    allocate_credit(item.account, on)


def take_back(payment: Payment, on: date) -> None:
    """Undoes what the payment settled, by allocations of the negative amounts."""
    settled: dict[int, int] = {}
    for allocation in payment.allocations.all():
        settled[allocation.open_item_id] = settled.get(allocation.open_item_id, 0) + allocation.amount_minor
    for item_id, minor in sorted(settled.items()):
        if minor:
            _allocate(payment, item_id, -minor, on)


def _oldest_first(payments: QuerySet[Payment]) -> list[Payment]:
    """By day, then reference; compared here, because databases differ in how they sort texts."""
    return sorted(payments, key=lambda payment: (payment.received_on, payment.reference))


def _debt(item: OpenItem) -> Debt:
    return Debt(item.pk, item.number, item.due_on, item.unsettled_minor)


def _deal_out(payment: Payment, debts: list[Debt], on: date) -> None:
    for debt, minor in settle(payment.unallocated_minor, payment.invoice_number, debts):
        _allocate(payment, debt.key, minor, on)


def _allocate(payment: Payment, item_id: int, minor: int, on: date) -> None:
    Allocation.objects.create(payment=payment, open_item_id=item_id, amount_minor=minor, allocated_on=on)
    OpenItem.objects.filter(pk=item_id).update(unsettled_minor=F("unsettled_minor") - minor)
    payment.unallocated_minor -= minor
    payment.save(update_fields=["unallocated_minor"])
