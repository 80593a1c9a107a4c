"""How engine, workers and broker are: what the person on call looks at first."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.screen import screen
from lapwing.figures.queries import broker_check
from lapwing.identity.permissions import Permission
from lapwing.jobs.health import pulse, silent_jobs
from lapwing.jobs.models import JobLimit
from lapwing.jobs.overview import pools, workers
from lapwing.runs.scheduling import in_stand_by


@screen(Permission.VIEW)
def job_health(request: HttpRequest) -> HttpResponse:
    return render(request, "backoffice/job_health.html", {"title": _("Health of jobs"), **_health()})


@screen(Permission.VIEW)
def job_health_live(request: HttpRequest) -> HttpResponse:
    return render(request, "backoffice/job_health_live.html", _health())


def _health() -> dict[str, Any]:
    """The broker is asked by the service now and then, never by a request, which might wait for it."""
    return {
        "beats": pulse(),
        "engine": settings.ENGINE,
        "queue": settings.QUEUE,
        "broker": broker_check() if settings.ENGINE != "local" else None,
        "workers": workers(),
        "pools": pools(),
        "silent": silent_jobs(),
        "paused": list(JobLimit.objects.filter(paused=True).order_by("scope", "name")),
        "stand_by": in_stand_by(),
    }
