"""The command palette: screens, steps the user may take, and whatever has a number or a name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from lapwing.backoffice.definition_steps import definition_offers
from lapwing.backoffice.lists import written
from lapwing.backoffice.navigation import navigation
from lapwing.backoffice.offers import run_offers, subscription_offers
from lapwing.backoffice.screen import screen
from lapwing.backoffice.templatetags.lapwing import words
from lapwing.backoffice.views.search import find
from lapwing.identity.permissions import Permission
from lapwing.runs.models import Definition, Run
from lapwing.subscriptions.models import Subscription

SHOWN = 12


@dataclass(frozen=True)
class Entry:
    label: str
    about: str
    url: str


@screen(Permission.VIEW)
def palette(request: HttpRequest) -> HttpResponse:
    """Options of a list box; the last leads to the whole search."""
    text = written(request, "q")
    entries = [*_screens(request, text)]
    if text:
        hits = find(text)
        exact = next((hit for hit in hits if hit["exact"]), None)
        steps = list(_steps(request, exact)) if exact else []
        found = [Entry(f"{hit['sort']} {hit['name']}", hit["about"], hit["url"]) for hit in hits]
        everywhere = Entry(_("Search for “%(text)s”") % {"text": text}, "", _address("search", q=text))
        entries = [*[*found[:1], *steps, *found[1:], *entries][:SHOWN], everywhere]
    return render(request, "backoffice/palette.html", {"entries": entries})


def _screens(request: HttpRequest, text: str) -> Iterator[Entry]:
    """Of the side bar, and those that it leads to, by any part of their names."""
    known = [
        Entry(str(item["title"]), str(group["title"]), item["link"])
        for group in navigation(request)
        for item in group["items"]
    ]
    known += [
        Entry(_("Silent jobs"), _("Operations"), _address("jobs", silent="yes")),
        Entry(_("Preferences"), "", reverse("preferences")),
    ]
    return (each for each in known if text.casefold() in each.label.casefold())


def _steps(request: HttpRequest, hit: dict[str, Any]) -> Iterator[Entry]:
    """What this user may do now to what was named exactly; each leads to the page that asks first."""
    name = str(hit["name"])
    match hit["kind"]:
        case "run":
            for step in run_offers(Run.objects.get(pk=name), request.permissions):
                yield Entry(str(step.label), name, reverse("run_step", args=[name, step.name]))
        case "definition":
            definition = Definition.objects.get(alternative_code=name)
            for step in definition_offers(definition, request.permissions):
                yield Entry(str(step.label), name, reverse("definition_step", args=[name, step.name]))
        case "subscription" if Permission.CHANGE_SUBSCRIPTIONS in request.permissions:
            for behaviour in subscription_offers(Subscription.objects.get(number=name)):
                address = reverse("subscription_step", args=[behaviour])
                yield Entry(capfirst(words(behaviour)), name, f"{address}?{urlencode({'number': name})}")


def _address(name: str, **query: str) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
