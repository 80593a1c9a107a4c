"""Actions on one subscription: those that its state allows, now or on a day to come."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from lapwing.backoffice.offers import subscription_offers
from lapwing.backoffice.screen import screen
from lapwing.catalog.models import SubActionType
from lapwing.catalog.queries import custom_types
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.queries import subscription
from lapwing.subscriptions.states import NEEDS_TO, NEEDS_UNTIL, SUBSCRIPTION

WHAT = {
    "change_quantity": "New quantity",
    "swap_product": "Code of the new product",
    "change_account": "Number of the new account",
    "amend_billing_term": "New billing term",
}


@screen(Permission.CHANGE_SUBSCRIPTIONS)
def subscription_step(request: HttpRequest, behaviour: str) -> HttpResponse:
    """The page asks for what the behaviour needs; a POST performs it."""
    number = (request.POST or request.GET).get("number", "")[:100]
    found = subscription(number)
    if request.method == "POST":
        request.back_to = f"{request.path}?{urlencode({'number': number})}"
        action = perform(number, behaviour, **_given(request))
        when = f"planned for {action.scheduled_on}" if action.state == "scheduled" else "done"
        messages.success(request, f"{number}: {behaviour.replace('_', ' ')}, {when}.")
        return redirect("subscription", number)
    return render(request, "backoffice/subscription_step.html", _question(found, behaviour))


def _given(request: HttpRequest) -> dict[str, Any]:
    texts = {name: request.POST.get(name, "").strip()[:1000] for name in ("to", "reason")}
    kind, _, sub_kind = request.POST.get("action_type", "").partition("/")
    return {
        **texts,
        "on": _day(request, "on"),
        "until": _day(request, "until"),
        "action_type": kind,
        "sub_action_type": sub_kind,
    }


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.POST.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("not_a_date", f"{text[:20]!r} is not a date; write it like 2015-03-10") from None


def _question(found: Any, behaviour: str) -> dict[str, Any]:
    kinds = custom_types(behaviour)
    subs = SubActionType.objects.filter(action_type__in=kinds).select_related("action_type")
    return {
        "title": f"{behaviour.replace('_', ' ').capitalize()}: {found.number}",
        "subscription": found,
        "behaviour": behaviour,
        "offered": behaviour in subscription_offers(found),
        "becomes": SUBSCRIPTION.table.get((found.life_cycle_state, behaviour)),
        "needs_until": behaviour in NEEDS_UNTIL,
        "needs_to": WHAT.get(behaviour, "To") if behaviour in NEEDS_TO else "",
        "types": [*(kind.code for kind in kinds), *(f"{sub.action_type.code}/{sub.code}" for sub in subs)],
        "today": today(),
        "cancel": reverse("subscription", args=[found.number]),
    }
