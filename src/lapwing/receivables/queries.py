"""Reads of accounts, invoices and payments: one, with refusals in words; lists with their filters; figures."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet, Sum

from lapwing.core.errors import Refused
from lapwing.core.sql import first_of_either
from lapwing.customers.models import Customer
from lapwing.customers.queries import MATCHES_AT_MOST, begins, customers_by_text
from lapwing.identity.queries import today
from lapwing.receivables.models import Account, Allocation, OpenItem, Payment, PaymentState, Reminder


def account(number: str) -> Account:
    """Raises Refused `unknown_account`."""
    found = Account.objects.select_related("customer").filter(number=number).first()
    if found is None:
        raise Refused("unknown_account", f"there is no account {number!r}")
    return found


def locked_account(number: str) -> Account:
    """The account, locked until the transaction ends; taken before subscriptions and open items by everybody."""
    account(number)
    return Account.objects.select_for_update(of=("self",)).select_related("customer").get(number=number)


def invoice(number: str) -> OpenItem:
    """Raises Refused `unknown_invoice`."""
    found = OpenItem.objects.select_related("account").filter(number=number).first()
    if found is None:
        raise Refused("unknown_invoice", f"there is no invoice {number!r}")
    return found


def payment(reference: str) -> Payment:
    """Raises Refused `unknown_payment`."""
    found = Payment.objects.select_related("account").filter(reference=reference).first()
    if found is None:
        raise Refused("unknown_payment", f"there is no payment {reference!r}")
    return found


def balance_minor(account: Account) -> int:
    """Sum of the unsettled amounts of all issued invoices, due or not."""
    return account.open_items.aggregate(sum=Sum("unsettled_minor"))["sum"] or 0


def outstanding_minor(account: Account, cut_off: date) -> int:
    """The same over invoices due before the cut-off."""
    due = account.open_items.filter(due_on__lt=cut_off)
    return due.aggregate(sum=Sum("unsettled_minor"))["sum"] or 0


def disputed_minor(account: Account) -> int:
    return account.open_items.filter(disputed=True).aggregate(sum=Sum("unsettled_minor"))["sum"] or 0


@dataclass(frozen=True)
class Figures:
    """What an account owes, in minor units of its currency: in all, of it overdue, and of it in dispute."""

    balance: int
    outstanding: int
    disputed: int


def figures(account: Account, cut_off: date) -> Figures:
    """The three sums in one look-up."""
    owed = account.open_items.filter(unsettled_minor__gt=0)
    sums = owed.aggregate(
        balance=Sum("unsettled_minor", default=0),
        outstanding=Sum("unsettled_minor", filter=Q(due_on__lt=cut_off), default=0),
        disputed=Sum("unsettled_minor", filter=Q(disputed=True), default=0),
    )
    return Figures(**sums)


def currencies_in_use() -> list[str]:
    """Currencies of all accounts, one index look-up each however many accounts there are."""
    found: list[str] = []
    accounts = Account.objects.order_by("currency").values_list("currency", flat=True)
    while (following := accounts.filter(currency__gt=found[-1] if found else "").first()) is not None:
        found.append(following)
    return found


def search_accounts(
    text: str = "",
    *,
    state: str = "",
    classification: str = "",
    credit_rating: str = "",
    marked: str = "",
    after: str = "",
    limit: int = 50,
) -> list[Account]:
    """Accounts by number. `text` is the beginning of an account's or a customer's number, or of a customer's name;
    `marked` is a key of MARKS; `after` is the last number of the page before.
    """
    found = Account.objects.select_related("customer", "classification", "credit_rating")
    if state:
        found = found.filter(life_cycle_state=state)
    if classification:
        found = found.filter(classification__code=classification)
    if credit_rating:
        found = found.filter(credit_rating__code=credit_rating)
    if marked:
        found = found.filter(MARKS[marked](today()))
    found = found.filter(number__gt=after)
    if text:
        of = list(customers_by_text(text).values_list("pk", flat=True)[:MATCHES_AT_MOST])
        return first_of_either(found, [begins(Account, text), Q(customer__in=of)], "number", limit)
    return list(found.order_by("number")[:limit])


# What protects an account from runs, or keeps its services from being switched on.
MARKS = {
    "on_hold": lambda day: Q(on_hold_until__gte=day),
    "promise_to_pay": lambda day: Q(promise_until__gte=day),
    "broken_promise": lambda day: Q(promise_until__lt=day),
    "credit_hold": lambda day: Q(customer__in=Customer.objects.filter(credit_hold=True)),
}


def balances_of(accounts: list[Account]) -> dict[int, int]:
    """Balance by key of account, in minor units of its currency; one look-up for a page of them."""
    owed = OpenItem.objects.filter(account__in=accounts, unsettled_minor__gt=0).order_by()
    return dict(owed.values_list("account").annotate(sum=Sum("unsettled_minor")))


def balances_by_currency(customer: Customer) -> dict[str, int]:
    """What a customer owes on all accounts; amounts of different currencies are never added."""
    owed = OpenItem.objects.filter(account__customer=customer, unsettled_minor__gt=0).order_by()
    return dict(owed.values_list("account__currency").annotate(sum=Sum("unsettled_minor")))


def open_items_of(account: Account) -> QuerySet[OpenItem]:
    """Unsettled ones in the order in which a payment settles them."""
    return account.open_items.filter(unsettled_minor__gt=0).order_by("due_on", "number")


def settled_items_of(account: Account) -> QuerySet[OpenItem]:
    return account.open_items.filter(unsettled_minor=0).order_by("-due_on", "-pk")


def payments_of(account: Account) -> QuerySet[Payment]:
    return account.payments.order_by("-received_on", "-pk")


def reminders_of(account: Account) -> QuerySet[Reminder]:
    return account.reminders.order_by("-sent_on", "-pk")


def credit_minor(account: Account) -> int:
    """What posted payments have left: it settles the next invoice, or waits for the one that was named."""
    left = account.payments.filter(unallocated_minor__gt=0)
    return left.aggregate(sum=Sum("unallocated_minor"))["sum"] or 0


def pending_minor(account: Account) -> int:
    """Announced and not yet arrived."""
    pending = account.payments.filter(state=PaymentState.PENDING)
    return pending.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def settlements(payments: list[Payment], items: list[OpenItem]) -> list[Allocation]:
    """Which payment settled which invoice, of those that are shown."""
    found = Allocation.objects.filter(Q(payment__in=payments) | Q(open_item__in=items))
    found = found.select_related("payment", "open_item")
    return list(found.order_by(F("allocated_on").desc(), "-pk")[:MATCHES_AT_MOST])


def accounts_of(customer: Customer, limit: int) -> list[Account]:
    return list(customer.accounts.order_by("number")[:limit])
