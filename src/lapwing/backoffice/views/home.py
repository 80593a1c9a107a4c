"""Home: what needs a person now, what goes on, what comes next, and the jobs of the last day."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lapwing.backoffice.attention import matters
from lapwing.backoffice.charts import Chart, stacked
from lapwing.backoffice.screen import screen
from lapwing.core import clock
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation
from lapwing.jobs.queries import newest_by_hour, pulse
from lapwing.jobs.states import Status
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts
from lapwing.runs.scheduling import in_stand_by
from lapwing.runs.states import RunState

SHOWN = 6
HOURS = 24


@screen(Permission.VIEW)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "backoffice/home.html", {"title": "Home", **_now(), "chart": _jobs_by_hour()})


def _now() -> dict[str, Any]:
    beats = pulse()
    runs = Run.objects.select_related("definition", "version")
    going = runs.filter(state=RunState.IN_PROGRESS).order_by("-pk")[:SHOWN]
    return {
        "beats": beats,
        "stand_by": in_stand_by(),
        "matters": matters(beats["silent"]),
        "going": [{"run": run, "counts": counts(run)} for run in going],
        "planned": runs.filter(state=RunState.DRAFT).order_by("planned_at", "pk")[:SHOWN],
        "latest": runs.exclude(state__in=[RunState.DRAFT, RunState.IN_PROGRESS]).order_by("-pk")[:SHOWN],
    }


def _jobs_by_hour() -> Chart:
    """One column an hour, in the organisation's zone."""
    zone = organisation().zone
    last = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    found = newest_by_hour(hours[0])
    columns = {hour.astimezone(zone).strftime("%H:%M"): found.get(hour, {}) for hour in hours}
    return stacked(columns, Status.values, unit="jobs", every=3)
