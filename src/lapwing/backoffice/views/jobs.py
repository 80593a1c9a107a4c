"""Jobs: the list with its filters, and one job with everything that happened to it."""

from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chips, chosen, day_start, number, page_of, written
from lapwing.backoffice.offers import JOB_STEPS, job_offers, job_steps_for
from lapwing.backoffice.pictures import attempt_line, family_picture
from lapwing.backoffice.screen import screen
from lapwing.backoffice.templatetags.lapwing import translated
from lapwing.identity.permissions import Permission
from lapwing.jobs.health import silent_jobs
from lapwing.jobs.links import blocking
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.overview import family
from lapwing.jobs.queries import attempts_of, capped_counts, find_job, newest_jobs, worker_names
from lapwing.jobs.states import Status
from lapwing.jobs.types import MAX_TRIES, job_types

COLUMNS: Columns = {
    "job": "pk",
    **{
        name: name
        for name in (
            *("type", "subject_kind", "subject", "status", "attempt", "result_code", "result"),
            *("scheduled_for", "created_at", "started_at", "finished_at", "requested_by"),
        )
    },
}
ATTEMPTS_SHOWN = 200
SUBJECT_JOBS_SHOWN = 20
TABS = ("main", "parameters", "attempts", "links", "subject")


def types() -> dict[str, str]:
    """Names and labels of all types."""
    return {each.name: translated(each.label or each.name) for each in job_types}


@screen(Permission.VIEW)
def job_list(request: HttpRequest) -> HttpResponse:
    zone = timezone.get_current_timezone()
    labels = types()
    job_type, subject = chosen(request, "type", list(labels)), written(request, "subject")
    filters: dict[str, Any] = {
        "status": chosen(request, "status", Status.values),
        "job_type": job_type,
        "subject": subject,
        "code": written(request, "code"),
        "since": day_start(request.GET, "from", zone),
        "until": day_start(request.GET, "to", zone, days=1),
    }
    only_silent = request.GET.get("silent") == "yes"
    silent = {pk: why for pk, _type, why in silent_jobs()} if only_silent else {}
    late = Job.objects.filter(pk__in=silent).order_by("-pk")
    rows = in_chunks(lambda below, limit: newest_jobs(**filters, below=below, limit=limit), attrgetter("pk"))
    if file := exported(request, "jobs", COLUMNS, late if only_silent else rows):
        return file
    below = number(request, "below")
    if only_silent:
        found = list((late.filter(pk__lt=below) if below else late)[: PAGE + 1])
    else:
        found = newest_jobs(**filters, below=below, limit=PAGE + 1)
    is_counted = not any(filters[name] for name in ("code", "since", "until"))  # no index counts these
    counts = capped_counts(job_type=job_type, subject=subject) if is_counted else None
    return render(
        request,
        "backoffice/jobs.html",
        {
            "title": _("Silent jobs") if silent else _("Jobs"),
            "silent": silent,
            "page": page_of(
                request, [_row(job, labels, silent) for job in found], "below", lambda row: row["job"].pk
            ),
            "chips": chips(request, "status", counts, Status.values),
            "filters": filters,
            "given": request.GET,
            "steps": job_steps_for(filters["code"]),
            "types": labels,
        },
    )


def _row(job: Job | ArchivedJob, labels: dict[str, str], silent: dict[int, str]) -> dict[str, Any]:
    return {
        "job": job,
        "label": labels.get(job.type, job.type),
        "offers": job_offers(job),
        "silent": silent.get(job.pk, ""),
    }


@screen(Permission.VIEW)
def job_detail(request: HttpRequest, number: int) -> HttpResponse:
    job = find_job(number)
    labels = types()
    tab = chosen(request, "tab", TABS) or "main"
    context: dict[str, Any] = {
        "title": _("Job %(job)s: %(type)s") % {"job": job.pk, "type": labels.get(job.type, job.type)},
        "job": job,
        "label": labels.get(job.type, job.type),
        "tab": tab,
        "tabs": TABS,
        "archived": isinstance(job, ArchivedJob),
        "max_tries": MAX_TRIES,
        "offers": {step: JOB_STEPS[step] for step in job_offers(job)},
        "blocking": blocking(job.pk),
        "subject_link": _subject_link(job),
    }
    if tab == "attempts":
        attempts = list(attempts_of(job.pk)[:ATTEMPTS_SHOWN])
        names = worker_names({each.worker for each in attempts})
        context |= {"line": attempt_line(attempts), "workers": names}
    elif tab == "links":
        context["picture"] = family_picture(family(job), labels)
    elif tab == "subject":
        others = newest_jobs(subject=job.subject, limit=SUBJECT_JOBS_SHOWN) if job.subject else [job]
        context["others"] = [(each, labels.get(each.type, each.type)) for each in others]
    return render(request, "backoffice/job.html", context)


def _subject_link(job: Job | ArchivedJob) -> str:
    """Where the subject has a screen of its own; it is found by its number, and a run's number is its key."""
    if job.subject_kind not in {"subscription", "run"} or not job.subject:
        return ""
    return reverse(job.subject_kind, args=[job.subject])
