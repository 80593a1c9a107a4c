"""Run definitions: the list; one with its versions, a preview and an explanation; start, submit, (not) effective."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from lapwing.backoffice.definition_steps import STEPS, definition_offers
from lapwing.backoffice.lists import number, written
from lapwing.backoffice.screen import not_permitted, screen
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.runs.assignments import assignment_on
from lapwing.runs.definitions import differences, find, flat, latest, version
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Definition, Run
from lapwing.runs.preview import preview
from lapwing.runs.queries import scheduled_date
from lapwing.runs.quiet import quiet_until
from lapwing.runs.upcoming import next_times

SHOWN = 100


@screen(Permission.VIEW)
def definition_list(request: HttpRequest) -> HttpResponse:
    newest = {"newest_version": Max("versions__version"), "last_run": Max("runs__pk")}
    found = list(Definition.objects.annotate(**newest).order_by("alternative_code")[:SHOWN])
    runs = Run.objects.in_bulk([each.last_run for each in found if each.last_run])
    rows = [
        {"definition": each, "kind": kinds.get(each.kind).label, "last": runs.get(each.last_run)}
        for each in found
    ]
    return render(
        request, "backoffice/definitions.html", {"title": "Run definitions", "rows": rows, "shown": SHOWN}
    )


@screen(Permission.VIEW)
def definition_detail(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    newest, asked = latest(definition), number(request, "version")
    shown = version(definition, asked) if asked else newest
    compared = number(request, "compare")
    context: dict[str, Any] = {
        "title": f"{definition.alternative_code}: {definition.name}",
        "definition": definition,
        "kind": kinds.get(definition.kind),
        "shown": shown,
        "newest": newest,
        "versions": definition.versions.order_by("-version"),
        "content": sections(shown.content),
        "next_times": next_times(newest),
        "scheduled_date": scheduled_date(definition),
        "runs": Run.objects.filter(definition=definition).order_by("-pk")[:8],
        "offers": definition_offers(definition, request.permissions),
        "today": today(),
    }
    if compared:
        other = version(definition, compared)
        context |= {"other": other, "differences": differences(other.content, shown.content)}
    return render(request, "backoffice/definition.html", context)


def sections(content: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a version says, by section, without what was left empty."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, value in flat(content).items():
        if value not in (None, [], {}, "", False):
            section, _, field = name.partition(".")
            label = (field or section).replace(".", ": ").replace("_", " ")
            found.setdefault(section if field else "main", []).append((label, _told(value)))
    return list(found.items())


def _told(value: Any) -> str:
    if value is True:
        return "yes"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@screen(Permission.VIEW)
def definition_preview(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    day, told = _day(request)
    context = {"definition": definition, "day": day, "problem": told}
    if not told:
        context["found"] = preview(definition, day)
    return render(request, "backoffice/preview.html", context)


@screen(Permission.VIEW)
def definition_explain(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    day, told = _day(request)
    subject = written(request, "subject")
    context: dict[str, Any] = {"definition": definition, "day": day, "problem": told, "subject": subject}
    if subject and not told:
        try:
            context["found"] = kinds.get(definition.kind).explain(assignment_on(definition, day), subject)
        except Refused as refusal:
            context["problem"] = refusal.message
    return render(request, "backoffice/explanation.html", context)


def _day(request: HttpRequest) -> tuple[date, str]:
    """The day that is asked about, and what is wrong with it."""
    text = request.GET.get("date", "")
    if not text:
        return today(), ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return today(), f"{text[:20]!r} is not a date; write it like 2015-03-10"


@screen(Permission.VIEW)
def definition_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """The page asks, a POST does."""
    if step not in STEPS:
        raise Http404
    if STEPS[step].permission not in request.permissions:
        return not_permitted(request, STEPS[step].permission)
    definition = find(code)
    if request.method == "POST":
        request.back_to = reverse("definition", args=[code])
        told, run = STEPS[step].act(definition.alternative_code, request.POST.get("reason", "")[:1000])
        messages.success(request, told)
        return redirect("run", run.pk) if run else redirect("definition", code)
    context: dict[str, Any] = {
        "title": f"{STEPS[step].label}: {definition.alternative_code}",
        "definition": definition,
        "step": STEPS[step],
        "offered": STEPS[step] in definition_offers(definition, request.permissions),
    }
    if step == "start":
        context |= {"found": preview(definition, today()), "quiet_until": quiet_until(definition)}
    return render(request, "backoffice/definition_step.html", context)
