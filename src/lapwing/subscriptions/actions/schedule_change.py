"""Plans a license change for a day to come."""

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.core.sql import lock_in_key_order
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require, today
from lapwing.jobs.actions.enqueue import enqueue, holder_of
from lapwing.jobs.links import follow
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN, READY
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
    """`value` is the new quantity, or the new unit price. Raises Refused `unknown_change`, `in_the_past`,
    `bad_quantity`, `bad_price`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    if change not in Change.values:
        raise Refused("unknown_change", f"a change is one of {', '.join(Change.values)}, found {change!r}")
    if on < today():
        raise Refused("in_the_past", f"a change of subscription {number} cannot be planned for {on}")
    _check(change, value)
    if change == Change.PRICE:
        value = f"{price(value).normalize():f}"
    scheduled = ScheduledLicenseChangeLog.objects.create(
        subscription=locked(number), change=change, value=value, effective_on=on, reason=reason
    )
    ask_for_merge(scheduled)
    tell(scheduled, "schedule_change", reason)
    return scheduled


def ask_for_merge(scheduled: ScheduledLicenseChangeLog) -> Job:
    """The job that merges it when its day begins in the organisation's zone; the one that there is already. It takes
    its place among those of its subscription: it waits for the one before it, and the one after waits for it.
    """
    if found := holder_of(MERGE, merge_key(scheduled.pk)):
        return found
    before, after = _neighbours(scheduled)
    job = enqueue(
        MERGE,
        subject_kind="subscription",
        subject_id=scheduled.subscription_id,
        subject=scheduled.subscription.number,
        parameters={"scheduled_change": scheduled.pk},
        key=merge_key(scheduled.pk),
        scheduled_for=_begins(scheduled),
        after=[before.pk] if before else [],
        at_any_end=True,
    )
    if after:
        follow(after, [job.pk], at_any_end=True)
    return job


def _neighbours(scheduled: ScheduledLicenseChangeLog) -> tuple[Job | None, Job | None]:
    """The open merge of the same subscription just before it and the one just after it that has not begun, by the days
    of their changes; two of one day keep the order in which they were planned. None that waits begins meanwhile.
    """
    open_merges = Job.objects.filter(type=MERGE, subject=scheduled.subscription.number, status__in=OPEN)
    lock_in_key_order(open_merges.filter(status__in=READY))
    jobs = {job.parameters["scheduled_change"]: job for job in open_merges}
    others = ScheduledLicenseChangeLog.objects.filter(pk__in=jobs).order_by("effective_on", "pk")
    days = [(change.effective_on, change.pk) for change in others]
    place = (scheduled.effective_on, scheduled.pk)
    before = [jobs[pk] for day, pk in days if (day, pk) < place]
    after = [jobs[pk] for day, pk in days if (day, pk) > place and jobs[pk].status in READY]
    return (before[-1] if before else None), (after[0] if after else None)


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
