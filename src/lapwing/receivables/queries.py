"""Reads of accounts, invoices and payments, with refusals in words for what is not there."""

from datetime import date

from django.db.models import Sum

from lapwing.core.errors import Refused
from lapwing.receivables.models import Account, OpenItem, Payment


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


def currencies_in_use() -> list[str]:
    """Currencies of all accounts, one index look-up each however many accounts there are."""
    found: list[str] = []
    accounts = Account.objects.order_by("currency").values_list("currency", flat=True)
    while (following := accounts.filter(currency__gt=found[-1] if found else "").first()) is not None:
        found.append(following)
    return found
