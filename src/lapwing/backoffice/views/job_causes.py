"""Failed jobs by cause: one type with one result code, to be mended at once and run again together."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported
from lapwing.backoffice.offers import job_steps_for
from lapwing.backoffice.screen import screen
from lapwing.backoffice.views.jobs import types
from lapwing.identity.permissions import Permission
from lapwing.jobs.overview import Cause, failed_causes

COLUMNS: Columns = {name: name for name in ("type", "code", "count", "example", "newest")}


@screen(Permission.VIEW)
def job_causes(request: HttpRequest) -> HttpResponse:
    causes = failed_causes()
    if file := exported(request, "failed-jobs-by-cause", COLUMNS, causes):
        return file
    labels = types()
    rows = [
        {"cause": each, "label": labels.get(each.type, each.type), "steps": _steps(each)} for each in causes
    ]
    context = {"title": _("Failed jobs by cause"), "rows": rows}
    return render(request, "backoffice/job_causes.html", context)


def _steps(cause: Cause) -> dict[str, Any]:
    return job_steps_for(cause.code) | {"run_now": _("Run all again")}
