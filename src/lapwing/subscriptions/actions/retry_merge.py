"""Lets a scheduled license change that could not be merged be tried again, once its cause is mended."""

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import BROKEN
from lapwing.subscriptions.actions.perform import locked
from lapwing.subscriptions.actions.schedule_change import Status, tell
from lapwing.subscriptions.merge_jobs import MERGE, ask_for_merge, merge_key
from lapwing.subscriptions.models import ScheduledLicenseChangeLog
from lapwing.subscriptions.overtaking import refuse_overtaken
from lapwing.subscriptions.states import SCHEDULED_CHANGE


@transaction.atomic
def retry_merge(scheduled_id: int, *, reason: str = "") -> ScheduledLicenseChangeLog:
    """It is pending again, and a job merges it at once where its day has come. Raises Refused
    `unknown_scheduled_change`, `not_merge_failed`, `overtaken`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    found = ScheduledLicenseChangeLog.objects.filter(pk=scheduled_id)
    number = found.values_list("subscription__number", flat=True).first()
    if number is None:
        raise Refused("unknown_scheduled_change", f"there is no scheduled change {scheduled_id}")
    locked(number)
    scheduled = found.select_for_update(of=("self",)).select_related("subscription").get()
    if "retry" not in SCHEDULED_CHANGE.events(scheduled.status):
        raise Refused(
            "not_merge_failed",
            f"scheduled change {scheduled_id} is {scheduled.status}; only one that failed is tried again",
        )
    refuse_overtaken(scheduled)
    scheduled.status, scheduled.message = Status.PENDING, ""
    scheduled.save()
    _merge_again(scheduled)
    tell(scheduled, "retry_merge", reason)
    return scheduled


def _merge_again(scheduled: ScheduledLicenseChangeLog) -> None:
    """By the job that failed, so that it is not left among what needs a person."""
    key = {"subject": scheduled.subscription.number, "deduplication_key": merge_key(scheduled.pk)}
    failed = Job.objects.filter(type=MERGE, status__in=BROKEN, **key).order_by("-pk")
    if job_ids := list(failed.values_list("pk", flat=True)[:1]):
        run_now(job_ids)
    else:
        ask_for_merge(scheduled)
