"""Runs: the list, and the console of one run, of which the live part is asked for again every few seconds."""

from functools import partial
from typing import Any

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chips, chosen, number, page_of, written
from lapwing.backoffice.offers import RUN_STEPS, run_offers
from lapwing.backoffice.progress import parts
from lapwing.backoffice.screen import screen
from lapwing.core.sql import capped_count
from lapwing.identity.permissions import Permission
from lapwing.runs.actions.approve_run import is_held
from lapwing.runs.actions.halt import find_run
from lapwing.runs.execution import next_at
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts
from lapwing.runs.queries import outcomes, pace
from lapwing.runs.states import RunState

BATCHES_SHOWN = 200
COLUMNS: Columns = {
    "run": lambda row: row["run"].pk,
    "definition": lambda row: row["run"].definition.alternative_code,
    "version": lambda row: row["run"].version.version,
    "state": lambda row: row["run"].state,
    "code": lambda row: row["run"].code,
    "nominal_on": lambda row: row["run"].nominal_on,
    **{
        name: lambda row, name=name: row[name]
        for name in ("selected", "done", "skipped", "errors", "pending")
    },
    "planned_at": lambda row: row["run"].planned_at,
    "started_at": lambda row: row["run"].started_at,
    "ended_at": lambda row: row["run"].ended_at,
    "submitted_by": lambda row: row["run"].submitted_by,
}
SUMS = {
    f"sum_{name}": Sum(f"batches__{name}", filter=Q(batches__finished=True), default=0)
    for name in ("done", "skipped", "errors")
}


@screen(Permission.VIEW)
def run_list(request: HttpRequest) -> HttpResponse:
    code, below = written(request, "definition"), number(request, "below")
    runs = Run.objects.select_related("definition", "version").order_by("-pk")
    if code:
        runs = runs.filter(definition__alternative_code=code)
    by_state = {state: capped_count(runs.filter(state=state)) for state in RunState.values}
    if state := chosen(request, "state", RunState.values):
        runs = runs.filter(state=state)
    if file := exported(
        request, "runs", COLUMNS, in_chunks(partial(_rows_below, runs), lambda row: row["run"].pk)
    ):
        return file
    if below is not None:
        runs = runs.filter(pk__lt=below)
    found = list(runs.annotate(**SUMS)[: PAGE + 1])
    return render(
        request,
        "backoffice/runs.html",
        {
            "title": _("Runs"),
            "page": page_of(request, [_row(run) for run in found], "below", lambda row: row["run"].pk),
            "chips": chips(request, "state", by_state, RunState.values),
            "code": code,
        },
    )


def _rows_below(runs: Any, below: int | None, limit: int) -> list[dict[str, Any]]:
    return [_row(run) for run in (runs.filter(pk__lt=below) if below else runs).annotate(**SUMS)[:limit]]


def _row(run: Any) -> dict[str, Any]:
    """As `outcomes.counts`, from sums that the list's own query made."""
    sums = {name: getattr(run, f"sum_{name}") for name in ("done", "skipped", "errors")}
    return {"run": run, "selected": run.selected, **sums, "pending": run.selected - sum(sums.values())}


@screen(Permission.VIEW)
def run_console(request: HttpRequest, number: int) -> HttpResponse:
    run = find_run(number)
    context = {
        "title": _("Run %(run)s of %(code)s") % {"run": run.pk, "code": run.definition.alternative_code},
        **live(request, run),
    }
    return render(request, "backoffice/run.html", context)


@screen(Permission.VIEW)
def run_live(request: HttpRequest, number: int) -> HttpResponse:
    return render(request, "backoffice/run_live.html", live(request, find_run(number)))


def live(request: HttpRequest, run: Run) -> dict[str, Any]:
    """What changes while a run goes on."""
    now = counts(run)
    rate, left_s = pace(run)
    batches = list(run.batches.order_by("wave", "pk")[: BATCHES_SHOWN + 1])
    offers = run_offers(run, request.permissions)
    return {
        "run": run,
        "waits_for_another": is_held(run) and RUN_STEPS["approve"] not in offers,
        "counts": now,
        "looked_at": now["selected"] - now["pending"],
        "parts": parts(now),
        "outcomes": outcomes(run),
        "rate": rate,
        "left_s": left_s if run.state == RunState.IN_PROGRESS else None,
        "next_at": run.planned_at if run.state == RunState.DRAFT else next_at(run),
        "batches": list(enumerate(batches[:BATCHES_SHOWN], 1)),
        "more_batches": len(batches) > BATCHES_SHOWN,
        "undone_by": list(run.undone_by.order_by("pk").values_list("pk", flat=True)),
        "offers": offers,
        "is_live": run.state == RunState.IN_PROGRESS,
    }
