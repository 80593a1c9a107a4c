"""Runs: the list, and the console of one run, of which the live part is asked for again every few seconds."""

from typing import Any

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lapwing.backoffice.batch_line import batch_line
from lapwing.backoffice.lists import PAGE, chips, chosen, number, page_of, written
from lapwing.backoffice.offers import RUN_STEPS, run_offers
from lapwing.backoffice.screen import screen
from lapwing.core.sql import capped_count
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation
from lapwing.runs.actions.approve_run import is_held
from lapwing.runs.actions.halt import find_run
from lapwing.runs.execution import next_at
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts
from lapwing.runs.queries import outcomes, pace
from lapwing.runs.states import RunState

BATCHES_SHOWN = 200
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
    if below is not None:
        runs = runs.filter(pk__lt=below)
    found = list(runs.annotate(**SUMS)[: PAGE + 1])
    return render(
        request,
        "backoffice/runs.html",
        {
            "title": "Runs",
            "page": page_of(request, [_row(run) for run in found], "below", lambda row: row["run"].pk),
            "chips": chips(request, "state", by_state, RunState.values),
            "code": code,
        },
    )


def _row(run: Any) -> dict[str, Any]:
    """As `outcomes.counts`, from sums that the list's own query made."""
    sums = {name: getattr(run, f"sum_{name}") for name in ("done", "skipped", "errors")}
    return {"run": run, "selected": run.selected, **sums, "pending": run.selected - sum(sums.values())}


@screen(Permission.VIEW)
def run_console(request: HttpRequest, number: int) -> HttpResponse:
    run = find_run(number)
    context = {"title": f"Run {run.pk} of {run.definition.alternative_code}", **live(request, run)}
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
        "parts": _parts(now),
        "outcomes": _shares(outcomes(run)),
        "rate": rate,
        "left_s": left_s if run.state == RunState.IN_PROGRESS else None,
        "next_at": run.planned_at if run.state == RunState.DRAFT else next_at(run),
        "line": batch_line(batches[:BATCHES_SHOWN], organisation().zone),
        "batches": list(enumerate(batches[:BATCHES_SHOWN], 1)),
        "more_batches": len(batches) > BATCHES_SHOWN,
        "undone_by": list(run.undone_by.order_by("pk").values_list("pk", flat=True)),
        "offers": offers,
        "is_live": run.state == RunState.IN_PROGRESS,
    }


def _shares(found: dict[str, int]) -> list[tuple[str, int, float]]:
    """Each outcome with how many there are, and its share of the most frequent one, of 100."""
    most = max(found.values(), default=1)
    return [(code, number, max(round(100 * number / most, 1), 0.5)) for code, number in found.items()]


def _parts(now: dict[str, int]) -> list[tuple[str, float, float]]:
    """The progress bar: outcome, where it begins and how wide it is, of 100."""
    parts, start = [], 0.0
    for name in ("done", "skipped", "errors"):
        width = 100 * now[name] / now["selected"] if now["selected"] else 0.0
        if width:
            parts.append((name, round(start, 2), round(width, 2)))
        start += width
    return parts
