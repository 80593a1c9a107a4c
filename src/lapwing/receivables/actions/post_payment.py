"""Payments: announced, posted with their allocation, failed to arrive, reversed."""

from datetime import date

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.ledger import allocate_credit, allocate_payment, take_back
from lapwing.receivables.models import Account, OpenItem, Payment, PaymentState
from lapwing.receivables.queries import locked_account, payment
from lapwing.receivables.states import PAYMENT

EARLIEST = date(1900, 1, 1)


@transaction.atomic
def post_payment(
    account_number: str,
    amount_minor: int,
    *,
    reference: str,
    received_on: date | None = None,
    invoice_number: str = "",
) -> Payment:
    """Money has arrived: settles the invoice it names, then the others; posts an announced one by its reference.

    The same payment posted again changes nothing; another one under its reference is refused
    (`reference_in_use`). Raises Refused `in_the_future`, `bad_amount`, `invoice_of_another_account`.
    """
    require(Permission.POST_PAYMENTS)
    account = locked_account(account_number)
    day = received_on or today()
    new = _payment(account, amount_minor, reference, day, invoice_number)
    old = Payment.objects.filter(reference=reference).first()
    if old is not None and "post" in PAYMENT.events(old.state) and _same_money(old, new):
        new = old
        new.received_on = day
    elif old is not None:
        if old.state == PaymentState.POSTED and _same_money(old, new):
            return old
        raise Refused(
            "reference_in_use",
            f"there is another payment {reference} ({old.state}); give this one its own reference",
        )
    new.state, new.unallocated_minor = PaymentState.POSTED, amount_minor
    new.save()
    _record("payment.post", new)
    allocate_payment(new, day)
    return new


@transaction.atomic
def announce_payment(
    account_number: str, amount_minor: int, *, reference: str, invoice_number: str = ""
) -> Payment:
    """Money is on its way (a direct debit, a card charge): it protects the account, but settles nothing yet."""
    require(Permission.POST_PAYMENTS)
    account = locked_account(account_number)
    if Payment.objects.filter(reference=reference).exists():
        raise Refused("reference_in_use", f"there is a payment {reference} already")
    new = _payment(account, amount_minor, reference, today(), invoice_number)
    new.state = PaymentState.PENDING
    new.save()
    _record("payment.announce", new)
    return new


@transaction.atomic
def fail_payment(reference: str, *, reason: str = "") -> Payment:
    """An announced payment will not arrive. Raises Refused `payment_not_pending`."""
    found = _locked(reference)
    if "fail" not in PAYMENT.events(found.state):
        raise Refused("payment_not_pending", f"payment {reference} is {found.state}, expected pending")
    found.state, found.reason = PaymentState.FAILED, reason
    found.save()
    _record("payment.fail", found, reason)
    return found


@transaction.atomic
def reverse_payment(reference: str, *, reason: str = "") -> Payment:
    """A returned debit or charge-back: its allocations are undone; other unallocated credit then settles what is
    open again. Reversing again changes nothing. Raises Refused `payment_not_posted`.
    """
    found = _locked(reference)
    if found.state == PaymentState.REVERSED:
        return found
    if "reverse" not in PAYMENT.events(found.state):
        raise Refused("payment_not_posted", f"payment {reference} is {found.state}, expected posted")
    take_back(found, today())
    found.state, found.reason, found.unallocated_minor = PaymentState.REVERSED, reason, 0
    found.save()
    _record("payment.reverse", found, reason)
    allocate_credit(found.account, today())
    return found


def _locked(reference: str) -> Payment:
    require(Permission.POST_PAYMENTS)
    locked_account(payment(reference).account.number)
    return Payment.objects.select_related("account").select_for_update(of=("self",)).get(reference=reference)


def _payment(account: Account, amount_minor: int, reference: str, day: date, invoice_number: str) -> Payment:
    if reference != reference.strip() or not reference.isprintable() or not 0 < len(reference) <= 100:
        raise Refused(
            "bad_reference", "a reference has 1 to 100 printable characters without blanks around them"
        )
    if day < EARLIEST:
        raise Refused("date_out_of_range", f"payment {reference} is dated {day}, before {EARLIEST}")
    if amount_minor <= 0:
        raise Refused("bad_amount", f"payment {reference} must be above zero")
    if day > today():
        raise Refused("in_the_future", f"payment {reference} is dated {day}: today is {today()}")
    named = OpenItem.objects.filter(number=invoice_number).select_related("account").first()
    if named and named.account_id != account.pk:
        raise Refused(
            "invoice_of_another_account",
            f"invoice {invoice_number} is of account {named.account.number}, not {account.number}",
        )
    return Payment(
        account=account,
        reference=reference,
        received_on=day,
        amount_minor=amount_minor,
        invoice_number=invoice_number,
    )


def _same_money(old: Payment, new: Payment) -> bool:
    return (old.account_id, old.amount_minor, old.invoice_number) == (
        new.account_id,
        new.amount_minor,
        new.invoice_number,
    )


def _record(action: str, subject: Payment, reason: str = "") -> None:
    record(
        action,
        kind="payment",
        subject_id=subject.pk,
        subject=subject.reference,
        reason=reason,
        after={
            "account": subject.account.number,
            "amount_minor": subject.amount_minor,
            "invoice": subject.invoice_number,
            "state": str(subject.state),
        },
    )
