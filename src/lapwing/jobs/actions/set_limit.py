"""A person pauses a type or a lane of jobs, or limits how many run at once and how many start in a time."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.models import JobLimit
from lapwing.jobs.types import job_types
from lapwing.jobs.waking import wake_after_commit


def pause(scope: str, name: str) -> JobLimit:
    """Nothing more of it begins; what is under way ends."""
    return _change(scope, name, "pause", paused=True)


def resume(scope: str, name: str) -> JobLimit:
    return _change(scope, name, "resume", paused=False)


def set_limit(
    scope: str, name: str, *, concurrency: int | None, rate: int | None = None, per_s: int = 1
) -> JobLimit:
    """At most `concurrency` at once and `rate` starts in `per_s` seconds; None lifts a limit.
    Raises Refused `bad_limit`.
    """
    for what, value in (("concurrency", concurrency), ("rate", rate), ("seconds", per_s)):
        if value is not None and value < 1:
            raise Refused("bad_limit", f"{what} must be at least 1, found {value}; to stop it, pause it")
    return _change(scope, name, "limit", concurrency=concurrency, rate=rate, per_s=per_s)


@transaction.atomic
def _change(scope: str, name: str, verb: str, **values: object) -> JobLimit:
    require(Permission.STEER_JOBS)
    if scope == "type":
        job_types.get(name)
    limit, _ = JobLimit.objects.get_or_create(scope=scope, name=name)
    limit = JobLimit.objects.select_for_update().get(pk=limit.pk)
    before = {key: getattr(limit, key) for key in values}
    for key, value in values.items():
        setattr(limit, key, value)
    limit.save()
    record(f"job.{verb}", kind=f"job_{scope}", subject_id=None, subject=name, before=before, after=values)
    wake_after_commit()
    return limit
