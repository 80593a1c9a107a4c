"""Lets a scheduled license change that could not be merged be tried again, once its cause is mended."""

from django.db import transaction

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import BROKEN
from lapwing.subscriptions.actions.schedule_change import Change, Status, tell
from lapwing.subscriptions.merge_jobs import MERGE, ask_for_merge, merge_key
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, SubscriptionAction
from lapwing.subscriptions.states import SCHEDULED_CHANGE


@transaction.atomic
def retry_merge(scheduled_id: int, *, reason: str = "") -> ScheduledLicenseChangeLog:
    """It is pending again, and a job merges it at once where its day has come. Raises Refused
    `unknown_scheduled_change`, `not_merge_failed`, `overtaken`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    found = ScheduledLicenseChangeLog.objects.select_for_update(of=("self",)).filter(pk=scheduled_id)
    scheduled = found.select_related("subscription").first()
    if scheduled is None:
        raise Refused("unknown_scheduled_change", f"there is no scheduled change {scheduled_id}")
    if "retry" not in SCHEDULED_CHANGE.events(scheduled.status):
        raise Refused(
            "not_merge_failed",
            f"scheduled change {scheduled_id} is {scheduled.status}; only one that failed is tried again",
        )
    _refuse_overtaken(scheduled)
    scheduled.status, scheduled.message = Status.PENDING, ""
    scheduled.save()
    _merge_again(scheduled)
    tell(scheduled, "retry_merge", reason)
    return scheduled


def _refuse_overtaken(scheduled: ScheduledLicenseChangeLog) -> None:
    """What switches services on or off is not repeated over a later move of the same subscription."""
    if scheduled.change not in (Change.ACTIVATE, Change.DEACTIVATE):
        return
    later = SubscriptionAction.objects.filter(
        subscription=scheduled.subscription_id,
        state="executed",
        behaviour__in=(Behaviour.ACTIVATE, Behaviour.DEACTIVATE),
        executed_on__gt=scheduled.effective_on,
    )
    if found := later.order_by("-executed_on", "-pk").first():
        number = scheduled.subscription.number
        raise Refused(
            "overtaken",
            f"{number} was moved since ({found.behaviour.replace('_', ' ')} on {found.executed_on}); "
            "plan another change instead",
        )


def _merge_again(scheduled: ScheduledLicenseChangeLog) -> None:
    """By the job that failed, so that it is not left among what needs a person."""
    key = {"subject": scheduled.subscription.number, "deduplication_key": merge_key(scheduled.pk)}
    failed = Job.objects.filter(type=MERGE, status__in=BROKEN, **key).order_by("-pk")
    if job_ids := list(failed.values_list("pk", flat=True)[:1]):
        run_now(job_ids)
    else:
        ask_for_merge(scheduled)
