"""Lets a scheduled license change take place: as an action of its subscription, or as a new price."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.behaviours import Behaviour
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.subscriptions.actions.perform import execute, locked
from lapwing.subscriptions.actions.schedule_change import Change, Status, price
from lapwing.subscriptions.license_changes import log_change
from lapwing.subscriptions.models import Event, ScheduledLicenseChangeLog, Subscription, SubscriptionAction
from lapwing.subscriptions.overtaking import refuse_overtaken

BEHAVIOUR_OF = {
    Change.QUANTITY: Behaviour.CHANGE_QUANTITY,
    Change.ACTIVATE: Behaviour.ACTIVATE,
    Change.DEACTIVATE: Behaviour.DEACTIVATE,
}


@transaction.atomic
def merge_change(scheduled_id: int) -> ScheduledLicenseChangeLog:
    """Merges it, or marks it `merge_failed` with the reason; one that is not pending is left alone. One that is tried
    again fails (`overtaken`) where its subscription was moved meanwhile.
    """
    number = ScheduledLicenseChangeLog.objects.values_list("subscription__number", flat=True).get(
        pk=scheduled_id
    )
    subscription = locked(number)
    scheduled = ScheduledLicenseChangeLog.objects.select_for_update().get(pk=scheduled_id)
    if scheduled.status != Status.PENDING:
        return scheduled
    revision = subscription.revision
    try:
        with transaction.atomic():
            if scheduled.failed_revision is not None:
                refuse_overtaken(scheduled)
            _apply(subscription, scheduled)
        scheduled.status, scheduled.merged_at = Status.MERGED, clock.now()
    except Refused as refused:
        scheduled.status, scheduled.message = Status.MERGE_FAILED, str(refused)
        if scheduled.failed_revision is None:
            scheduled.failed_revision = revision
    scheduled.save()
    record(
        f"subscription.{scheduled.status}",
        kind="subscription",
        subject_id=scheduled.subscription_id,
        subject=number,
        reason=scheduled.reason,
        after={
            "scheduled_change": scheduled.pk,
            "status": str(scheduled.status),
            "message": scheduled.message,
        },
    )
    return scheduled


def _apply(subscription: Subscription, scheduled: ScheduledLicenseChangeLog) -> None:
    if scheduled.change == Change.PRICE:
        log_change(
            subscription,
            Event.PRICE,
            unit_price=price(scheduled.value),
            revision=None,
            source="scheduled",
            effective_on=scheduled.effective_on,
        )
        return
    action = SubscriptionAction(
        behaviour=BEHAVIOUR_OF[Change(scheduled.change)],
        value=scheduled.value,
        reason=scheduled.reason,
        requested_by=actor(),
        requested_at=clock.now(),
    )
    if action.behaviour == Behaviour.DEACTIVATE:
        _refuse_to_cut_off(subscription, scheduled)
    execute(subscription, action, source="scheduled", effective_on=scheduled.effective_on)


def _refuse_to_cut_off(subscription: Subscription, scheduled: ScheduledLicenseChangeLog) -> None:
    """Whoever is protected, and whoever came back after the day for which it was planned: it comes late then."""
    if subscription.never_disconnect:
        raise Refused(
            "never_disconnect", f"subscription {subscription.number} is never disconnected by a job"
        )
    came_back = subscription.reactivated_on
    if came_back and came_back > scheduled.effective_on:
        raise Refused(
            "overtaken",
            f"subscription {subscription.number} was reactivated on {came_back}, after {scheduled.effective_on}, for "
            "which its deactivation was planned; plan another where it is still meant",
        )
