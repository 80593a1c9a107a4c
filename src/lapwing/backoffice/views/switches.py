"""Switches that hold work up and let it go on: types and lanes of jobs, and the scheduler as a whole."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.jobs.actions.set_limit import pause, resume
from lapwing.jobs.models import JobLimit
from lapwing.jobs.queries import pulse
from lapwing.jobs.types import job_types
from lapwing.runs.scheduling import set_stand_by

SWITCHES = {"pause": pause, "resume": resume}
SCHEDULER = {"stand-by": True, "run": False}


@screen(Permission.VIEW)
def job_type_list(request: HttpRequest) -> HttpResponse:
    limits = {(limit.scope, limit.name): limit for limit in JobLimit.objects.order_by("scope", "name")}
    rows: list[dict[str, Any]] = [
        {
            "scope": "type",
            "name": each.name,
            "label": each.label,
            "limit": limits.pop(("type", each.name), None),
        }
        for each in job_types
    ]
    rows += [
        {"scope": scope, "name": name, "label": "", "limit": limit} for (scope, name), limit in limits.items()
    ]
    context = {"title": "Types of jobs", "rows": rows, "beats": pulse()}
    return render(request, "backoffice/job_types.html", context)


@screen(Permission.STEER_JOBS)
@require_POST
def job_type_switch(request: HttpRequest, scope: str, step: str) -> HttpResponse:
    """Pauses or resumes a type or a lane; what is under way ends."""
    if step not in SWITCHES or scope not in JobLimit.SCOPES:
        raise Http404
    request.back_to = reverse("job_types")
    limit = SWITCHES[step](scope, request.POST.get("name", "")[:100])
    messages.success(request, f"{limit.name}: {'paused' if limit.paused else 'goes on'}.")
    return redirect("job_types")


@screen(Permission.CONDUCT_RUNS)
@require_POST
def scheduler_switch(request: HttpRequest, step: str) -> HttpResponse:
    """In stand-by nothing fires; what comes due meanwhile is merged and fires when it runs again."""
    if step not in SCHEDULER:
        raise Http404
    set_stand_by(SCHEDULER[step])
    messages.success(request, "The scheduler stands by." if SCHEDULER[step] else "The scheduler runs.")
    return redirect("home")
