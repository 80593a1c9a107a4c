"""The audit: the list with its filters, one entry with what it changed, and the proof of the chain."""

from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lapwing.audit.models import AuditEntry
from lapwing.audit.queries import chain_state, changes_of, entry_numbered, known, newest_entries
from lapwing.backoffice.exports import Columns, exported, in_chunks
from lapwing.backoffice.lists import PAGE, chosen, day_start, number, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.job_types.check_audit_chain import ask_for_chain_check

# Where a subject has a screen of its own, which is found by its number or, for a run or a job, by its key.
BY_NUMBER = {
    "subscription": "subscription",
    "account": "account",
    "customer": "customer",
    "definition": "definition",
    "user": "user",
    "email_template": "email_template",
}
BY_KEY = {"run": "run", "job": "job", "import": "import"}
ONE = {"organisation": "settings", "scheduler": "settings", "audit": "audit"}


COLUMNS: Columns = {
    "entry": "pk",
    **{
        name: name
        for name in ("at", "actor", "action", "subject_kind", "subject", "reason", "before", "after")
    },
}


@screen(Permission.VIEW)
def audit_list(request: HttpRequest) -> HttpResponse:
    zone = timezone.get_current_timezone()
    actions, kinds = known("action"), known("subject_kind")
    filters: dict[str, Any] = {
        "actor": written(request, "actor"),
        "action": chosen(request, "action", actions),
        "kind": chosen(request, "kind", kinds),
        "subject": written(request, "subject"),
        "run": number(request, "run"),
        "since": day_start(request.GET, "from", zone),
        "until": day_start(request.GET, "to", zone, days=1),
    }
    rows = in_chunks(
        lambda below, limit: newest_entries(**filters, below=below, limit=limit), attrgetter("pk")
    )
    if file := exported(request, "audit", COLUMNS, rows):
        return file
    found = newest_entries(**filters, below=number(request, "below"), limit=PAGE + 1)
    context = {
        "title": _("Audit"),
        "page": page_of(
            request, [(entry, subject_link(entry)) for entry in found], "below", lambda row: row[0].pk
        ),
        "filters": filters,
        "given": request.GET,
        "actors": known("actor"),
        "actions": actions,
        "kinds": kinds,
        "chain": chain_state(),
    }
    return render(request, "backoffice/audit.html", context)


@screen(Permission.VIEW)
def audit_detail(request: HttpRequest, number: int) -> HttpResponse:
    entry = entry_numbered(number)
    context = {
        "title": _("Audit entry %(number)d: %(action)s") % {"number": number, "action": entry.action},
        "entry": entry,
        "changes": changes_of(entry),
        "link": subject_link(entry),
        "chain": chain_state(),
    }
    return render(request, "backoffice/audit_entry.html", context)


@screen(Permission.VIEW)
def audit_chain(request: HttpRequest) -> HttpResponse:
    """The live part: how far the chain is proved."""
    return render(request, "backoffice/parts/audit_chain.html", {"chain": chain_state()})


@screen(Permission.ADMINISTER)
@require_POST
def audit_check(request: HttpRequest) -> HttpResponse:
    request.back_to = reverse("audit")
    job = ask_for_chain_check()
    messages.success(
        request, _("The check was asked for as job %(job)d; a worker carries it out.") % {"job": job.pk}
    )
    return redirect("audit")


def subject_link(entry: AuditEntry) -> str:
    """Empty where the subject has no screen."""
    kind = entry.subject_kind
    try:
        if kind in BY_NUMBER and entry.subject:
            return reverse(BY_NUMBER[kind], args=[entry.subject])
        if kind in BY_KEY and entry.subject_id:
            return reverse(BY_KEY[kind], args=[entry.subject_id])
        return reverse(ONE[kind]) if kind in ONE else ""
    except NoReverseMatch:
        return ""
