"""Subscriptions: the list with its search; one with why it is in its state, its money and one line of time."""

from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, page_of, written
from lapwing.backoffice.offers import subscription_offers
from lapwing.backoffice.screen import screen
from lapwing.backoffice.timeline import timeline
from lapwing.catalog.models import SubscriptionType
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.queries import balance_minor, disputed_minor, outstanding_minor
from lapwing.run_kinds.why import because
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.queries import effective_term, search_subscriptions, subscription
from lapwing.subscriptions.states import State

TYPES_AT_MOST = 200
COLUMNS: Columns = {
    "subscription": "number",
    "state": "life_cycle_state",
    "customer": "account.customer.number",
    "customer_name": "account.customer.name",
    "account": "account.number",
    "type": "subscription_type.code",
    "product": lambda each: each.product and each.product.code,
    "quantity": "quantity",
    "grace_until": lambda each: each.grace_end_on if each.grace_open else None,
    "free": "free",
    "never_disconnect": "never_disconnect",
}


@screen(Permission.VIEW)
def subscription_list(request: HttpRequest) -> HttpResponse:
    types = list(SubscriptionType.objects.order_by("code").values_list("code", flat=True)[:TYPES_AT_MOST])
    filters = {
        "text": written(request, "q"),
        "state": chosen(request, "state", State.values),
        "subscription_type": chosen(request, "type", types),
    }
    rows = in_chunks(
        lambda after, limit: search_subscriptions(**filters, after=after or "", limit=limit),
        attrgetter("number"),
    )
    if file := exported(request, "subscriptions", COLUMNS, rows):
        return file
    found = search_subscriptions(**filters, after=written(request, "after"), limit=PAGE + 1)
    return render(
        request,
        "backoffice/subscriptions.html",
        {
            "title": "Subscriptions",
            "page": page_of(request, found, "after", lambda each: each.number),
            "filters": filters,
            "states": State.values,
            "types": types,
        },
    )


@screen(Permission.VIEW)
def subscription_detail(request: HttpRequest, number: str) -> HttpResponse:
    found = subscription(number)
    sentence, action = because(found)
    return render(
        request,
        "backoffice/subscription.html",
        {
            "title": f"Subscription {found.number}",
            "subscription": found,
            "account": found.account,
            "customer": found.account.customer,
            "term": effective_term(found.pk, today()),
            "money": _money(found),
            "sentence": sentence,
            "action": action,
            "entries": timeline(found),
            "offers": subscription_offers(found),
        },
    )


def _money(found: Subscription) -> dict[str, Any]:
    account = found.account
    return {
        "balance": balance_minor(account),
        "outstanding": outstanding_minor(account, today()),
        "disputed": disputed_minor(account),
    }
