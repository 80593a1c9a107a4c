"""Switches that hold work up and let it go on: types and lanes of jobs, and the scheduler as a whole."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lapwing.backoffice.screen import screen
from lapwing.backoffice.templatetags.lapwing import count, translated
from lapwing.catalog.models import Provider
from lapwing.identity.permissions import Permission
from lapwing.jobs.actions.set_limit import pause, resume, set_limit
from lapwing.jobs.models import JobLimit
from lapwing.jobs.types import job_types
from lapwing.runs.scheduling import set_stand_by

SWITCHES = {"pause": pause, "resume": resume}
LIMIT_FIELDS = ("concurrency", "rate", "per_s")
LIMIT_AT_MOST = 1_000_000
SCHEDULER = {"stand-by": True, "run": False}


@screen(Permission.VIEW)
def job_type_list(request: HttpRequest) -> HttpResponse:
    return render(request, "backoffice/job_types.html", {"title": _("Types of jobs"), "rows": _rows()})


def _rows() -> list[dict[str, Any]]:
    """All types, then the lanes of connectors; a limit that somebody set for another name comes last."""
    limits = {(limit.scope, limit.name): limit for limit in JobLimit.objects.order_by("scope", "name")}
    named = [("type", each.name, translated(each.label or each.name)) for each in job_types]
    connected = Provider.objects.exclude(connector="").order_by("code")
    named += [("lane", each.code, each.name) for each in connected]
    known = {(scope, name) for scope, name, _label in named}
    named += [(scope, name, "") for scope, name in limits if (scope, name) not in known]
    return [
        {"scope": scope, "name": name, "label": label, "limit": limits.get((scope, name))}
        for scope, name, label in named
    ]


@screen(Permission.STEER_JOBS)
def job_limit(request: HttpRequest, scope: str) -> HttpResponse:
    """How many of a type, or of a connector's lane, run at once and how many start in a time; empty is no limit."""
    name = request.POST.get("name", "") or request.GET.get("name", "")
    row = next((row for row in _rows() if (row["scope"], row["name"]) == (scope, name)), None)
    if row is None:
        raise Http404
    limit = row["limit"] or JobLimit(scope=scope, name=name)
    given: dict[str, Any] = {field: getattr(limit, field) for field in LIMIT_FIELDS}
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = {field: request.POST.get(field, "").strip() for field in LIMIT_FIELDS}
        numbers, errors = _numbers(given)
        if not errors:
            set_limit(scope, name, **{**numbers, "per_s": numbers["per_s"] or 1})
            messages.success(request, _("%(name)s: the limit is set.") % {"name": name})
            return redirect("job_types")
    title = _("Limit of %(name)s") % {"name": row["label"] or name}
    context = {"title": title, **row, "given": given, "errors": errors}
    return render(request, "backoffice/job_limit.html", context)


def _numbers(given: dict[str, str]) -> tuple[dict[str, int | None], dict[str, str]]:
    """Whole numbers from 1, None where nothing was typed; and what is wrong, by field."""
    numbers: dict[str, int | None] = {}
    errors = {}
    for field, text in given.items():
        if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= LIMIT_AT_MOST):
            errors[field] = _(
                "a whole number from 1 to %(most)s, or empty for no limit; to stop it, pause it"
            ) % {"most": count(LIMIT_AT_MOST)}
        numbers[field] = int(text) if text and field not in errors else None
    return numbers, errors


@screen(Permission.STEER_JOBS)
@require_POST
def job_type_switch(request: HttpRequest, scope: str, step: str) -> HttpResponse:
    """Pauses or resumes a type or a lane; what is under way ends."""
    if step not in SWITCHES or scope not in JobLimit.SCOPES:
        raise Http404
    request.back_to = reverse("job_types")
    limit = SWITCHES[step](scope, request.POST.get("name", "")[:100])
    said = _("%(name)s: paused.") if limit.paused else _("%(name)s: goes on.")
    messages.success(request, said % {"name": limit.name})
    return redirect("job_types")


@screen(Permission.CONDUCT_RUNS)
@require_POST
def scheduler_switch(request: HttpRequest, step: str) -> HttpResponse:
    """In stand-by nothing fires; what comes due meanwhile is merged and fires when it runs again."""
    if step not in SCHEDULER:
        raise Http404
    set_stand_by(SCHEDULER[step])
    messages.success(request, _("The scheduler stands by.") if SCHEDULER[step] else _("The scheduler runs."))
    return redirect("home")
