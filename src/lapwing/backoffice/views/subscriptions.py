"""Subscriptions: the list with its filters; one with why it is in its state, what is planned, and one line of time."""

from datetime import date
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, number, page_of, written
from lapwing.backoffice.offers import subscription_offers
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import offers
from lapwing.backoffice.steps.behaviours import BEHAVIOUR_STEPS
from lapwing.backoffice.steps.providers import CHANGE_STEPS
from lapwing.backoffice.steps.subscriptions import (
    PLANNED_ACTION_STEPS,
    SCHEDULED_CHANGE_STEPS,
    SUBSCRIPTION_STEPS,
)
from lapwing.backoffice.timeline import KINDS, timeline
from lapwing.catalog.models import CatalogEntry, PricePlan, Provider, SubscriptionType
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.queries import figures
from lapwing.run_kinds.why import decided_by
from lapwing.subscriptions.comparison import comparison_with
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, Subscription
from lapwing.subscriptions.provider_jobs import UNTOLD
from lapwing.subscriptions.provider_queue import jobs_of
from lapwing.subscriptions.queries import (
    effective_term,
    planned_actions,
    search_scheduled_changes,
    search_subscriptions,
    subscription,
)
from lapwing.subscriptions.states import State

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
CODES_AT_MOST = 200
CHANGES_SHOWN = 8


@screen(Permission.VIEW)
def subscription_list(request: HttpRequest) -> HttpResponse:
    choices = {
        "types": _codes(SubscriptionType),
        "plans": _codes(PricePlan),
        "providers": _codes(Provider),
    }
    filters: dict[str, Any] = {
        "text": written(request, "q"),
        "state": chosen(request, "state", State.values),
        "subscription_type": chosen(request, "type", choices["types"]),
        "price_plan": chosen(request, "plan", choices["plans"]),
        "account": written(request, "account"),
        "provider": chosen(request, "provider", choices["providers"]),
        "provisioning": chosen(request, "provisioning", list(UNTOLD)),
        "grace_from": _day(request, "grace_from"),
        "grace_to": _day(request, "grace_to"),
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
            "title": _("Subscriptions"),
            "page": page_of(request, found, "after", lambda each: each.number),
            "filters": filters,
            "states": State.values,
            "provisioning": list(UNTOLD),
            **choices,
        },
    )


def _codes(model: type[CatalogEntry]) -> list[str]:
    return list(model.objects.order_by("code").values_list("code", flat=True)[:CODES_AT_MOST])


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.GET.get(name, "")[:10])
    except ValueError:
        return None


@screen(Permission.VIEW)
def subscription_detail(request: HttpRequest, number: str) -> HttpResponse:
    found = subscription(number)
    kind, day = chosen(request, "kind", KINDS), today()
    return render(
        request,
        "backoffice/subscription.html",
        {
            "title": _("Subscription %(number)s") % {"number": found.number},
            "subscription": found,
            "account": found.account,
            "customer": found.account.customer,
            "term": effective_term(found.pk, day),
            "money": figures(found.account, day),
            "action": decided_by(found),
            "entries": timeline(found, kind),
            "kinds": KINDS,
            "kind": kind,
            "behaviours": [BEHAVIOUR_STEPS[each] for each in subscription_offers(found)],
            "offers": offers(SUBSCRIPTION_STEPS, found, request.permissions),
            **_planned(found, request.permissions),
            **_provider(found, request.permissions),
        },
    )


def _planned(found: Subscription, permissions: set[Permission]) -> dict[str, Any]:
    """Actions and license changes that are to come or could not be merged."""
    changes = found.scheduled_changes.order_by("-effective_on", "-pk")[:CHANGES_SHOWN]
    return {
        "planned": [
            (action, offers(PLANNED_ACTION_STEPS, action, permissions))
            for action in planned_actions(found.pk)
        ],
        "scheduled": [(each, offers(SCHEDULED_CHANGE_STEPS, each, permissions)) for each in changes],
    }


def _provider(found: Subscription, permissions: set[Permission]) -> dict[str, Any]:
    """What the provider has been told, with the jobs that tell it, and what it last said itself."""
    if found.provider is None:
        return {"changes": []}
    changes = list(found.license_changes.order_by("-pk")[:CHANGES_SHOWN])
    for change in changes:
        change.subscription = found
    jobs, comparison = jobs_of(changes), comparison_with(found.provider.pk)
    return {
        "changes": [
            {"change": each, "job": jobs.get(each.pk), "offers": offers(CHANGE_STEPS, each, permissions)}
            for each in changes
        ],
        "difference": getattr(found, "difference", None),
        "was_compared": comparison is not None and comparison.asked > 0,
    }


CHANGE_COLUMNS: Columns = {
    "change": "pk",
    "subscription": "subscription.number",
    "change_of": "change",
    "value": "value",
    "effective_on": "effective_on",
    "status": "status",
    "reason": "reason",
}


@screen(Permission.VIEW)
def scheduled_change_list(request: HttpRequest) -> HttpResponse:
    """License changes planned for a day to come, and those that could not be merged."""
    status = chosen(request, "status", ScheduledLicenseChangeLog.Status.values)
    rows = in_chunks(
        lambda after, limit: search_scheduled_changes(status=status, after=after or 0, limit=limit),
        attrgetter("pk"),
    )
    if file := exported(request, "scheduled-changes", CHANGE_COLUMNS, rows):
        return file
    found = search_scheduled_changes(status=status, after=number(request, "after") or 0, limit=PAGE + 1)
    page = page_of(request, found, "after", lambda each: each.pk)
    return render(
        request,
        "backoffice/scheduled_changes.html",
        {
            "title": _("Scheduled license changes"),
            "page": page,
            "rows": [(each, offers(SCHEDULED_CHANGE_STEPS, each, request.permissions)) for each in page.rows],
            "statuses": ScheduledLicenseChangeLog.Status.values,
            "status": status,
        },
    )
