"""What the base knows of one customer, under the names of mail templates: for previews on real data."""

from dataclasses import dataclass
from typing import Any

from lapwing.core.errors import Refused
from lapwing.customers.models import Customer
from lapwing.identity.queries import organisation, today
from lapwing.messages.events import Event
from lapwing.messages.tokens import flat, sample_of
from lapwing.receivables.models import Account
from lapwing.receivables.queries import outstanding_minor
from lapwing.subscriptions.models import Subscription


@dataclass(frozen=True)
class Example:
    """Data for a preview; `made_up` are the names whose values are the event's sample."""

    about: str
    language: str
    data: dict[str, Any]
    made_up: list[str]


def example_of(event: Event, number: str) -> Example:
    """Of the subscription, account or customer of this number; of the newest subscription where it is empty.

    Raises Refused `unknown_subject`.
    """
    subscription, account, customer = _found(number)
    real = {
        "organisation": {"name": organisation().name},
        **(_of_customer(customer) if customer else {}),
        **(_of_account(account) if account else {}),
        **(_of_subscription(subscription) if subscription else {}),
    }
    sample = sample_of(event)
    data = {name: _merged(sample[name], real[name]) for name in sample if name in real}
    told = set(dict(flat(real)))
    return Example(
        about=(subscription or account or customer).number if customer else "",
        language=customer.language if customer else "",
        data=data,
        made_up=sorted(name for name, _ in flat(sample) if name not in told),
    )


def _found(number: str) -> tuple[Subscription | None, Account | None, Customer | None]:
    subscriptions = Subscription.objects.select_related("account__customer", "product", "provider")
    wanted = subscriptions.filter(number=number) if number else subscriptions.order_by("-pk")
    if subscription := wanted.first():
        return subscription, subscription.account, subscription.account.customer
    account = Account.objects.select_related("customer").filter(number=number).first()
    if account:
        return subscriptions.filter(account=account).order_by("-pk").first(), account, account.customer
    if customer := Customer.objects.filter(number=number).first():
        account = customer.accounts.order_by("-pk").first()
        return subscriptions.filter(account=account).order_by("-pk").first(), account, customer
    if number:
        raise Refused(
            "unknown_subject", f"there is no subscription, account or customer of the number {number!r}"
        )
    return None, None, None


def _merged(sample: Any, real: Any) -> Any:
    """What is not known of a record is filled up from the sample."""
    return {**sample, **real} if isinstance(sample, dict) and isinstance(real, dict) else real


def _of_customer(customer: Customer) -> dict[str, Any]:
    known: dict[str, Any] = {"customer": {"number": customer.number, "name": customer.name}}
    return {**known, "recipient": {"address": customer.email}} if customer.email else known


def _of_account(account: Account) -> dict[str, Any]:
    known: dict[str, Any] = {
        "account": {"number": account.number},
        "debt": {"amount_minor": outstanding_minor(account, today()), "currency": account.currency},
    }
    invoice = account.open_items.order_by("-due_on", "-pk").first()
    if invoice:
        known["invoice"] = {
            "number": invoice.number,
            "issued_on": invoice.issued_on.isoformat(),
            "due_on": invoice.due_on.isoformat(),
            "total_minor": invoice.total_minor,
            "unsettled_minor": invoice.unsettled_minor,
            "currency": account.currency,
        }
    return known


def _of_subscription(subscription: Subscription) -> dict[str, Any]:
    product = subscription.product.code if subscription.product else subscription.number
    known: dict[str, Any] = {
        "subscription": {"number": subscription.number, "product": product},
        "on": today().isoformat(),
    }
    if subscription.grace_end_on:
        known["grace_end"] = subscription.grace_end_on.isoformat()
    if provider := subscription.provider:
        known["provider"] = {"code": provider.code, "name": provider.name or provider.code}
    return known
