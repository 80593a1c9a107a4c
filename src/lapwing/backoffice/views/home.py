"""Home: what needs a person now, what goes on, what comes next, and charts of the whole base."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.attention import matters
from lapwing.backoffice.overview import panels
from lapwing.backoffice.progress import parts
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.jobs.health import pulse
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts
from lapwing.runs.scheduling import in_stand_by
from lapwing.runs.states import RunState

SHOWN = 6


@screen(Permission.VIEW)
def home(request: HttpRequest) -> HttpResponse:
    context = {"title": _("Home"), "panels": panels(today()), **_now(), **_going()}
    return render(request, "backoffice/home.html", context)


@screen(Permission.VIEW)
def home_live(request: HttpRequest) -> HttpResponse:
    """Runs in progress, asked for again every few seconds."""
    return render(request, "backoffice/home_live.html", _going())


def _going() -> dict[str, Any]:
    runs = Run.objects.select_related("definition").filter(state=RunState.IN_PROGRESS).order_by("-pk")
    found = [(run, counts(run)) for run in runs[:SHOWN]]
    return {"going": [{"run": run, "counts": now, "parts": parts(now)} for run, now in found]}


def _now() -> dict[str, Any]:
    beats = pulse()
    runs = Run.objects.select_related("definition")
    return {
        "beats": beats,
        "stand_by": in_stand_by(),
        "matters": matters(beats["silent"]),
        "planned": runs.filter(state=RunState.DRAFT).order_by("planned_at", "pk")[:SHOWN],
        "latest": runs.exclude(state__in=[RunState.DRAFT, RunState.IN_PROGRESS]).order_by("-pk")[:SHOWN],
    }
