"""Plans a license change for a day to come."""

from datetime import date
from decimal import Decimal, InvalidOperation

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.subscriptions.actions.perform import locked
from lapwing.subscriptions.amendments import quantity
from lapwing.subscriptions.merge_jobs import ask_for_merge
from lapwing.subscriptions.models import ScheduledLicenseChangeLog

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
