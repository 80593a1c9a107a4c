"""Jobs: the list with its filters, and one job with everything that happened to it."""

from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chips, chosen, day_start, number, page_of, written
from lapwing.backoffice.offers import job_offers
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.jobs.links import blocking
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.queries import (
    attempts_of,
    capped_counts,
    find_job,
    followers_of,
    newest_jobs,
    predecessors_of,
)
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
TABS = ("main", "parameters", "attempts", "links")


def types() -> dict[str, str]:
    """Names and labels of all types."""
    return {each.name: each.label or each.name for each in job_types}


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
        "since": day_start(request, "from", zone),
        "until": day_start(request, "to", zone, days=1),
    }
    rows = in_chunks(lambda below, limit: newest_jobs(**filters, below=below, limit=limit), attrgetter("pk"))
    if file := exported(request, "jobs", COLUMNS, rows):
        return file
    found = newest_jobs(**filters, below=number(request, "below"), limit=PAGE + 1)
    counts = capped_counts(job_type=job_type, subject=subject)
    return render(
        request,
        "backoffice/jobs.html",
        {
            "title": "Jobs",
            "page": page_of(
                request, [_row(job, labels) for job in found], "below", lambda row: row["job"].pk
            ),
            "chips": chips(request, "status", counts, Status.values),
            "filters": filters,
            "given": request.GET,
            "types": labels,
        },
    )


def _row(job: Job | ArchivedJob, labels: dict[str, str]) -> dict[str, Any]:
    return {"job": job, "label": labels.get(job.type, job.type), "offers": job_offers(job)}


@screen(Permission.VIEW)
def job_detail(request: HttpRequest, number: int) -> HttpResponse:
    job = find_job(number)
    labels = types()
    tab = chosen(request, "tab", TABS) or "main"
    context: dict[str, Any] = {
        "title": f"Job {job.pk}: {labels.get(job.type, job.type)}",
        "job": job,
        "label": labels.get(job.type, job.type),
        "tab": tab,
        "tabs": TABS,
        "archived": isinstance(job, ArchivedJob),
        "max_tries": MAX_TRIES,
        "offers": job_offers(job),
        "blocking": blocking(job.pk),
        "attempts": attempts_of(job.pk)[:200],
        "subject_link": _subject_link(job),
    }
    if tab == "links":
        links = {"predecessors": predecessors_of(job.pk), "followers": followers_of(job.pk)}
        context |= {
            name: [(each, labels.get(each.type, each.type)) for each in jobs] for name, jobs in links.items()
        }
    return render(request, "backoffice/job.html", context)


def _subject_link(job: Job | ArchivedJob) -> str:
    """Where the subject has a screen of its own; it is found by its number, and a run's number is its key."""
    if job.subject_kind not in {"subscription", "run"} or not job.subject:
        return ""
    return reverse(job.subject_kind, args=[job.subject])
