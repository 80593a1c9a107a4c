"""/healthz: whether the parts of the service are well, for a watchdog."""

from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from lapwing.jobs.health import pulse
from lapwing.runs.scheduling import in_stand_by


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503. Numbers only: whoever reaches the port may read it."""
    try:
        return JsonResponse(_record())
    except (DatabaseError, InterfaceError):
        return JsonResponse({"database": "does not answer"}, status=503)


def _record() -> dict[str, Any]:
    found = pulse()
    return {
        "database": "ok",
        "scheduler": "stand_by" if in_stand_by() else "running",
        "workers": found["workers"],
        "oldest_due_s": found["oldest_due_s"],
        "silent_jobs": found["silent"],
    }
