"""Run definitions: the list; one with its versions, a preview and an explanation; start, submit, (not) effective."""

from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lapwing.backoffice.definition_steps import STEPS, Asked, definition_offers
from lapwing.backoffice.entry.reading import Said, said
from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, chosen_day, number, page_of, written
from lapwing.backoffice.long_answers import place
from lapwing.backoffice.screen import not_permitted, screen
from lapwing.core.errors import Refused
from lapwing.core.sql import TookTooLong, answered_within
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.runs.assignments import assignment_on
from lapwing.runs.definitions import find, latest, seen_as, version
from lapwing.runs.kinds import RunKind, kinds
from lapwing.runs.models import Definition, Run
from lapwing.runs.preview import preview
from lapwing.runs.queries import definitions_page, scheduled_date
from lapwing.runs.quiet import quiet_until
from lapwing.runs.states import DefinitionState
from lapwing.runs.upcoming import next_times

PATIENCE_S = 60  # of a preview, for which no page waits
COLUMNS: Columns = {
    "code": lambda row: row["definition"].alternative_code,
    "name": lambda row: row["definition"].name,
    "kind": lambda row: row["kind"],
    "state": lambda row: row["definition"].life_cycle_state,
    "version": lambda row: row["definition"].newest_version,
    "last_run": lambda row: row["last"] and row["last"].pk,
    "planned_run": lambda row: row["planned"] and row["planned"].pk,
    "updated_at": lambda row: row["definition"].updated_at,
    "updated_by": lambda row: row["definition"].updated_by,
}


@screen(Permission.VIEW)
def definition_list(request: HttpRequest) -> HttpResponse:
    filters = {
        "text": written(request, "q"),
        "kind": chosen(request, "kind", [each.name for each in kinds]),
        "state": chosen(request, "state", DefinitionState.values),
        "scheduled": chosen(request, "scheduled", ("yes", "no")),
    }
    rows = in_chunks(
        lambda after, limit: _rows(definitions_page(**filters, after=after or "", limit=limit)),
        lambda row: row["definition"].alternative_code,
    )
    if file := exported(request, "definitions", COLUMNS, rows):
        return file
    found = definitions_page(**filters, after=request.GET.get("after", "")[:50], limit=PAGE + 1)
    of_kind = kinds.get(filters["kind"]) if filters["kind"] else None
    context = {
        "title": _(of_kind.label) if of_kind else _("Run definitions"),
        "page": page_of(request, _rows(found), "after", lambda row: row["definition"].alternative_code),
        "filters": filters,
        "kinds": [(each.name, each.label) for each in kinds],
        "states": DefinitionState.values,
        "is_filtered": any(filters.values()),
    }
    return render(request, "backoffice/definitions.html", context)


def _rows(found: list[Definition]) -> list[dict[str, Any]]:
    """Each with its last run and the planned one, asked for all at once."""
    runs = Run.objects.in_bulk([key for each in found for key in (each.last_run, each.planned_run) if key])
    labels = {each.name: each.label for each in kinds}
    return [
        {
            "definition": each,
            "kind": labels.get(each.kind, each.kind),
            "last": runs.get(each.last_run),
            "planned": runs.get(each.planned_run),
        }
        for each in found
    ]


@screen(Permission.VIEW)
def definition_detail(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    newest, asked = latest(definition), number(request, "version")
    shown = version(definition, asked) if asked else newest
    context: dict[str, Any] = {
        "title": f"{definition.alternative_code}: {definition.name}",
        "definition": definition,
        "kind": kinds.get(definition.kind),
        "shown": shown,
        "newest": newest,
        "versions": definition.versions.order_by("-version"),
        "content": _sections(kinds.get(definition.kind), shown.content),
        "next_times": next_times(newest),
        "scheduled_date": scheduled_date(definition),
        "runs": Run.objects.filter(definition=definition).order_by("-pk")[:8],
        "offers": definition_offers(definition, request.permissions),
        "may_edit": Permission.EDIT_DEFINITIONS in request.permissions,
        "today": today(),
    }
    return render(request, "backoffice/definition.html", context)


def _sections(kind: RunKind, content: dict[str, Any]) -> list[tuple[str, list[Said]]]:
    """What a version says, by section, without what was left empty."""
    return [
        (section, list(each))
        for section, each in groupby(said(kind, content).values(), attrgetter("section"))
    ]


@screen(Permission.VIEW)
def definition_preview(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    day, told = chosen_day(request.GET.get("date", ""))
    context = {"definition": definition, "day": day, "problem": told}
    if not told:
        context |= _previewed(definition, day)
    return render(request, "backoffice/preview.html", context)


def _previewed(definition: Definition, day: date) -> dict[str, Any]:
    """The preview, or why there is none."""
    try:
        with place(), answered_within(PATIENCE_S):
            return {"found": preview(definition, day)}
    except Refused as refusal:
        return {"too_long": refusal.message}
    except TookTooLong:
        return {
            "too_long": _("Counting takes longer than %(seconds)d s, so it was left.")
            % {"seconds": PATIENCE_S}
        }


@screen(Permission.VIEW)
def definition_explain(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    day, told = chosen_day(request.GET.get("date", ""))
    subject = written(request, "subject")
    context: dict[str, Any] = {"definition": definition, "day": day, "problem": told, "subject": subject}
    if subject and not told:
        try:
            context["found"] = kinds.get(definition.kind).explain(assignment_on(definition, day), subject)
        except Refused as refusal:
            context["problem"] = refusal.message
    return render(request, "backoffice/explanation.html", context)


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
        given = request.POST
        asked = Asked(
            seen=given.get("seen", ""),
            day=given.get("day", ""),
            quiet="quiet" in given,
            reason=given.get("reason", "")[:1000],
        )
        told, run = STEPS[step].act(definition.alternative_code, asked)
        messages.success(request, told)
        if step == "delete":
            return redirect("definitions")
        return redirect("run", run.pk) if run else redirect("definition", code)
    context: dict[str, Any] = {
        "title": f"{STEPS[step].label}: {definition.alternative_code}",
        "definition": definition,
        "step": STEPS[step],
        "seen": seen_as(definition),
        "day": today(),
        "offered": STEPS[step] in definition_offers(definition, request.permissions),
    }
    if step == "start":
        context["quiet_until"] = quiet_until(definition)
    return render(request, "backoffice/definition_step.html", context)
