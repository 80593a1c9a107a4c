"""The page of every step on an account, a payment, an invoice, a customer, a provider, a subscription …"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from lapwing.backoffice.lists import number, written
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import Step, answer
from lapwing.backoffice.steps.accounts import ACCOUNT_STEPS
from lapwing.backoffice.steps.customers import CUSTOMER_STEPS, PROVIDER_ACCOUNT_STEPS
from lapwing.backoffice.steps.invoices import INVOICE_STEPS
from lapwing.backoffice.steps.payments import PAYMENT_STEPS
from lapwing.backoffice.steps.providers import CHANGE_STEPS, PROVIDER_STEPS
from lapwing.backoffice.steps.subscriptions import (
    PLANNED_ACTION_STEPS,
    SCHEDULED_CHANGE_STEPS,
    SUBSCRIPTION_STEPS,
)
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.customers.models import ProviderAccount
from lapwing.customers.queries import customer
from lapwing.identity.permissions import Permission
from lapwing.receivables.queries import account, invoice, payment
from lapwing.subscriptions.models import LicenseChangeLog, ScheduledLicenseChangeLog, SubscriptionAction
from lapwing.subscriptions.queries import subscription


@dataclass(frozen=True)
class Sort:
    """One sort of record: its steps, how one is found by what the address says, the page that shows it, and what it
    is called ('' as in the address).
    """

    steps: Mapping[str, Step]
    find: Callable[[HttpRequest], Any]
    back: Callable[[Any], str]
    called: str = ""  # attributes that lead to its name


def _named(find: Callable[[str], Any]) -> Callable[[HttpRequest], Any]:
    return lambda request: find(written(request, "of"))


def _keyed(model: Any, *related: str) -> Callable[[HttpRequest], Any]:
    def find(request: HttpRequest) -> Any:
        found = model.objects.select_related(*related).filter(pk=number(request, "of") or 0).first()
        if found is None:
            raise Http404
        return found

    return find


def _page(name: str, attribute: str) -> Callable[[Any], str]:
    """The page of the record that `attribute` leads to."""

    return lambda subject: reverse(name, args=[_follow(subject, attribute)])


def _follow(subject: Any, attributes: str) -> Any:
    for name in attributes.split("."):
        subject = getattr(subject, name)
    return subject


def _changes_page(change: LicenseChangeLog) -> str:
    of = change.subscription
    if of.provider is None:
        return reverse("subscription", args=[of.number])
    return reverse("provider", args=[of.provider.code])


SORTS = {
    "account": Sort(ACCOUNT_STEPS, _named(account), _page("account", "number")),
    "payment": Sort(PAYMENT_STEPS, _named(payment), _page("account", "account.number")),
    "invoice": Sort(INVOICE_STEPS, _named(invoice), _page("account", "account.number")),
    "customer": Sort(CUSTOMER_STEPS, _named(customer), _page("customer", "number")),
    "provider": Sort(PROVIDER_STEPS, _named(provider_of), _page("provider", "code")),
    "provider-account": Sort(
        PROVIDER_ACCOUNT_STEPS,
        _keyed(ProviderAccount, "customer", "provider"),
        lambda account: reverse("provider_accounts") + "?state=proposed",
        called="customer.number",
    ),
    "license-change": Sort(CHANGE_STEPS, _keyed(LicenseChangeLog, "subscription__provider"), _changes_page),
    "subscription": Sort(SUBSCRIPTION_STEPS, _named(subscription), _page("subscription", "number")),
    "planned-action": Sort(
        PLANNED_ACTION_STEPS,
        _keyed(SubscriptionAction, "subscription"),
        _page("subscription", "subscription.number"),
        called="subscription.number",
    ),
    "scheduled-change": Sort(
        SCHEDULED_CHANGE_STEPS,
        _keyed(ScheduledLicenseChangeLog, "subscription"),
        _page("subscription", "subscription.number"),
        called="subscription.number",
    ),
}


@screen(Permission.VIEW)
def step(request: HttpRequest, sort: str, name: str) -> HttpResponse:
    """`?of=` says which record: its number, code or key."""
    known = SORTS.get(sort)
    if known is None or name not in known.steps:
        raise Http404
    subject = known.find(request)
    found = known.steps[name]
    called = _follow(subject, known.called) if known.called else written(request, "of")
    return answer(request, found, subject, title=f"{found.label}: {called}", back=known.back(subject))
