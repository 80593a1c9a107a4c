"""Run now, cancel, or settle one or many jobs: first a page that says how many, then the action."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from lapwing.backoffice.lists import day_start
from lapwing.backoffice.offers import JOB_STEPS, job_offers
from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import LONGEST_REASON
from lapwing.backoffice.templatetags.lapwing import count
from lapwing.backoffice.views.jobs import types
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.doubt import ANSWERS
from lapwing.jobs.models import Job
from lapwing.jobs.overview import with_key_held
from lapwing.jobs.queries import newest_jobs
from lapwing.jobs.states import DID_HAPPEN, DID_NOT_HAPPEN, Status

AT_ONCE = 1_000
NAMED_AT_MOST = 20  # so few are listed one by one
ACTIONS: dict[str, Callable[..., Sequence[Job]]] = {
    "run_now": run_now,
    "cancel": cancel,
    DID_HAPPEN: partial(settle, happened=True),
    DID_NOT_HAPPEN: partial(settle, happened=False),
}
DONE = {
    "run_now": _("run now"),
    "cancel": _("cancelled"),
    DID_HAPPEN: _("settled, it did happen"),
    DID_NOT_HAPPEN: _("settled, it did not happen"),
}


@screen(Permission.STEER_JOBS)
@require_POST
def job_steps(request: HttpRequest) -> HttpResponse:
    """`step` and either `job` numbers or `all` of a filter; `confirmed` carries it out."""
    back = _back(request)
    request.back_to = back
    step = request.POST.get("step", "")
    if step not in JOB_STEPS:
        raise Refused("unknown_step", f"there is no step {step[:40]!r}; known: {', '.join(JOB_STEPS)}")
    chosen = _wanted(request, step)
    held = with_key_held(chosen) if step == "run_now" else set()
    jobs = [job for job in chosen if job.pk not in held]
    if not jobs:
        raise Refused("no_jobs", _none_left(step, len(held)))
    if "confirmed" in request.POST or (_one_by_name(request) and step not in ANSWERS):
        told = {"reason": request.POST.get("reason", "")[:LONGEST_REASON]} if step in ANSWERS else {}
        done = ACTIONS[step]([job.pk for job in jobs], **told)
        messages.success(
            request,
            ngettext("%(count)s job: %(done)s.", "%(count)s jobs: %(done)s.", len(done))
            % {"count": count(len(done)), "done": DONE[step]},
        )
        return redirect(back)
    return render(request, "backoffice/job_steps.html", _confirmation(step, jobs, back, len(held)))


def _one_by_name(request: HttpRequest) -> bool:
    """One job's own button; what is ticked or found by a filter is asked about, however few are left of it."""
    return "all" not in request.POST and len(request.POST.getlist("job")) == 1


def _none_left(step: str, held: int) -> str:
    if held:
        return gettext("another open job does the same work already; wait for that one")
    return gettext("none of the chosen jobs is in a state for this: %(step)s") % {"step": JOB_STEPS[step]}


def _wanted(request: HttpRequest, step: str) -> list[Job]:
    """Those that were ticked, or all that a filter finds; only those in a state that allows the step."""
    if "all" in request.POST:
        wanted = request.POST.get("type", "")
        if wanted and wanted not in types():
            raise Refused(
                "unknown_job_type", f"no job type {wanted[:64]!r} is installed; its jobs cannot run"
            )
        found = newest_jobs(
            status=_among(request, "status", Status.values),
            job_type=wanted,
            subject=request.POST.get("subject", "")[:100],
            code=request.POST.get("code", "")[:100],
            since=_day(request, "from"),
            until=_day(request, "to", days=1),
            limit=AT_ONCE,
        )
    else:
        given = [*request.POST.getlist("job"), *request.POST.get("jobs", "").split(",")]
        numbers = [int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 19]
        found = list(Job.objects.filter(pk__in=numbers[:AT_ONCE]))
    return [job for job in found if step in job_offers(job)]


def _day(request: HttpRequest, name: str, *, days: int = 0) -> datetime | None:
    return day_start(request.POST, name, timezone.get_current_timezone(), days=days)


def _among(request: HttpRequest, name: str, choices: list[str]) -> str:
    value = request.POST.get(name, "")
    return value if value in choices else ""


def _confirmation(step: str, jobs: list[Job], back: str, held: int) -> dict:
    by_type: dict[tuple[str, str], int] = {}
    for job in jobs:
        by_type[job.type, str(job.status)] = by_type.get((job.type, str(job.status)), 0) + 1
    labels = types()
    return {
        "title": ngettext("%(step)s: %(count)s job", "%(step)s: %(count)s jobs", len(jobs))
        % {"step": JOB_STEPS[step], "count": count(len(jobs))},
        "held": held,
        "step": step,
        "label": JOB_STEPS[step],
        "asks_reason": step in ANSWERS,
        "some_failed": any(job.status == Status.FAILED for job in jobs),
        "jobs": jobs,
        "named": jobs if len(jobs) <= NAMED_AT_MOST else [],
        "groups": [
            (labels.get(name, name), status, number) for (name, status), number in sorted(by_type.items())
        ],
        "at_most": AT_ONCE if len(jobs) + held >= AT_ONCE else None,
        "back": back,
    }


def _back(request: HttpRequest) -> str:
    """Where the step was asked for; never another host."""
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return back if safe else reverse("jobs")
