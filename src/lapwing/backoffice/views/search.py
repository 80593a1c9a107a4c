"""One search for everything that has a number or a name: where it is one thing only, it is shown at once."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lapwing.backoffice.lists import written
from lapwing.backoffice.screen import screen
from lapwing.customers.queries import search_customers
from lapwing.identity.permissions import Permission
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.receivables.queries import search_accounts
from lapwing.runs.models import Definition, Run
from lapwing.subscriptions.queries import search_subscriptions

SHOWN = 20


@screen(Permission.VIEW)
def search(request: HttpRequest) -> HttpResponse:
    text = written(request, "q")
    found = find(text) if text else []
    if len(found) == 1 and found[0]["exact"]:
        return redirect(found[0]["url"])
    return render(
        request,
        "backoffice/search.html",
        {"title": _("Search"), "text": text, "found": found, "shown": SHOWN},
    )


def find(text: str) -> list[dict[str, Any]]:
    found = []
    for each in search_subscriptions(text, limit=SHOWN):
        about = f"{each.account.customer.name}, {each.account.number}"
        exact = text.casefold() == each.number.casefold()
        found.append(
            _hit(_("Subscription"), each.number, about, "subscription", exact, each.life_cycle_state)
        )
    found += _owners(text)
    named = Q(alternative_code__istartswith=text) | Q(name__icontains=text)
    for each in Definition.objects.filter(named).order_by("alternative_code")[:SHOWN]:
        exact = text.casefold() == each.alternative_code.casefold()
        state = each.life_cycle_state
        found.append(_hit(_("Run definition"), each.alternative_code, each.name, "definition", exact, state))
    return found + (_by_number(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else [])


def _owners(text: str) -> list[dict[str, Any]]:
    """Accounts and customers."""
    found = []
    for each in search_accounts(text, limit=SHOWN):
        exact = text.casefold() == each.number.casefold()
        found.append(
            _hit(_("Account"), each.number, each.customer.name, "account", exact, each.life_cycle_state)
        )
    for each in search_customers(text, limit=SHOWN):
        exact = text.casefold() == each.number.casefold()
        found.append(_hit(_("Customer"), each.number, each.name, "customer", exact, ""))
    return found


def _by_number(number: int) -> list[dict[str, Any]]:
    found = []
    if run := Run.objects.select_related("definition").filter(pk=number).first():
        found.append(_hit(_("Run"), number, run.definition.name, "run", True, run.state))
    for model in (Job, ArchivedJob):
        if job := model.objects.filter(pk=number).first():
            found.append(_hit(_("Job"), number, f"{job.type} {job.subject}", "job", True, job.status))
    return found


def _hit(sort: str, name: Any, about: str, url_name: str, exact: bool, state: str) -> dict[str, Any]:
    url = reverse(url_name, args=[name])
    return {
        "sort": sort,
        "kind": url_name,
        "name": name,
        "about": about,
        "url": url,
        "exact": exact,
        "state": str(state),
    }
