"""Plans a license change for a day to come."""

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require, today
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN
from lapwing.subscriptions.actions.perform import locked
from lapwing.subscriptions.amendments import quantity
from lapwing.subscriptions.models import ScheduledLicenseChangeLog

MERGE = "merge_scheduled_license_change_log"
Status = ScheduledLicenseChangeLog.Status
Change = ScheduledLicenseChangeLog.Change


@transaction.atomic
def schedule_change(
    number: str, change: str, *, value: str = "", on: date, reason: str = ""
) -> ScheduledLicenseChangeLog:
    """`value` is the new quantity, or the new unit price. Asked twice in a row, it is planned once.
    Raises Refused `unknown_change`, `in_the_past`, `bad_quantity`, `bad_price`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    if change not in Change.values:
        raise Refused("unknown_change", f"a change is one of {', '.join(Change.values)}, found {change!r}")
    if on < today():
        raise Refused("in_the_past", f"a change of subscription {number} cannot be planned for {on}")
    _check(change, value)
    if change == Change.PRICE:
        value = f"{price(value).normalize():f}"
    subscription = locked(number)
    planned = subscription.scheduled_changes.filter(effective_on=on, status=Status.PENDING)
    last = planned.order_by("-pk").first()
    if last and (last.change, last.value) == (change, value):
        return last
    scheduled = ScheduledLicenseChangeLog.objects.create(
        subscription=subscription, change=change, value=value, effective_on=on, reason=reason
    )
    ask_for_merge(scheduled)
    tell(scheduled, "schedule_change", reason)
    return scheduled


def ask_for_merge(scheduled: ScheduledLicenseChangeLog) -> Job:
    """The job that merges it when its day begins in the organisation's zone; the one that there is already."""
    return enqueue(
        MERGE,
        subject_kind="subscription",
        subject_id=scheduled.subscription_id,
        subject=scheduled.subscription.number,
        parameters={"scheduled_change": scheduled.pk},
        key=merge_key(scheduled.pk),
        scheduled_for=_begins(scheduled),
        after=_merge_before(scheduled),
        at_any_end=True,
    )


def _merge_before(scheduled: ScheduledLicenseChangeLog) -> list[int]:
    """The open merge of the same subscription that comes just before: two of one day keep their order."""
    open_jobs = Job.objects.filter(type=MERGE, subject=scheduled.subscription.number, status__in=OPEN)
    due_before = open_jobs.filter(scheduled_for__lte=_begins(scheduled)).order_by("-scheduled_for", "-pk")
    return list(due_before.values_list("pk", flat=True)[:1])


def _begins(scheduled: ScheduledLicenseChangeLog) -> datetime:
    return datetime.combine(scheduled.effective_on, time(), organisation().zone)


def merge_key(scheduled_id: int | str) -> str:
    """The deduplication key of the job that merges it."""
    return f"scheduled change {scheduled_id}"


def _check(change: str, value: str) -> None:
    if change == Change.QUANTITY:
        quantity(value)
    elif change == Change.PRICE:
        price(value)
    elif value:
        raise Refused("value_not_expected", f"{change} takes no value, found {value!r}")


def price(value: str) -> Decimal:
    """Raises Refused `bad_price`."""
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or not 0 <= found < 10**12 or found != round(found, 6):
        raise Refused(
            "bad_price", f"a unit price is a number from 0 with at most 6 decimals, found {value[:40]!r}"
        )
    return found


def tell(scheduled: ScheduledLicenseChangeLog, what: str, reason: str) -> None:
    """The audit entry of what was done to a scheduled change."""
    record(
        f"subscription.{what}",
        kind="subscription",
        subject_id=scheduled.subscription_id,
        subject=scheduled.subscription.number,
        reason=reason,
        after={
            "scheduled_change": scheduled.pk,
            "change": scheduled.change,
            "value": scheduled.value,
            "on": scheduled.effective_on.isoformat(),
            "status": str(scheduled.status),
        },
    )
