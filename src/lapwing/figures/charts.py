"""What the charts of Home show, each counted over the whole base: columns, and in each the series with their values."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncHour

from lapwing.core import clock
from lapwing.identity.queries import today
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.receivables.models import OpenItem
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from lapwing.subscriptions.states import State

Columns = Mapping[str, Mapping[str, int]]
HOURS = 24
GRACE_DAYS = 30
STATE_DAYS = 90
AGES = ("not_due", "1_to_30_days", "31_to_60_days", "61_to_90_days", "over_90_days")
_LIMITS = (None, 0, 30, 60, 90)  # an age begins above so many days overdue


def jobs_by_hour() -> Columns:
    """Jobs of the last 24 hours by the hour they were asked for (UTC) and by status, the archive included."""
    since = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    found: dict[str, dict[str, int]] = {}
    for model in (Job, ArchivedJob):
        hours = model.objects.filter(created_at__gte=since).annotate(hour=TruncHour("created_at", tzinfo=UTC))
        for hour, status, count in hours.order_by().values_list("hour", "status").annotate(Count("pk")):
            by_status = found.setdefault(hour.isoformat(), {})
            by_status[status] = by_status.get(status, 0) + count
    return found


def receivables_by_age() -> Columns:
    """What is unsettled, by days since it was due, in minor units of each currency."""
    day = today()
    found = {}
    for age, above, until in zip(AGES, _LIMITS, (*_LIMITS[1:], None), strict=True):
        items = OpenItem.objects.filter(unsettled_minor__gt=0)
        if above is not None:
            items = items.filter(due_on__lt=day - timedelta(days=above))
        if until is not None:
            items = items.filter(due_on__gte=day - timedelta(days=until))
        found[age] = _by_currency(items)
    return found


def grace_ends() -> Columns:
    """Open grace intervals that end on each of the next days, today included."""
    day = today()
    ends = _open_grace(day, day + timedelta(days=GRACE_DAYS - 1)).values_list("grace_end_on")
    return {day.isoformat(): {"subscriptions": count} for day, count in ends.annotate(Count("pk")).order_by()}


def grace_amounts() -> Columns:
    """What the accounts of these subscriptions have not settled, an account once a day, in minor units."""
    first = today()
    found = {}
    for day in (first + timedelta(days=ahead) for ahead in range(GRACE_DAYS)):
        accounts = _open_grace(day, day).values("account")
        items = OpenItem.objects.filter(unsettled_minor__gt=0, account__in=accounts)
        if by_currency := _by_currency(items):
            found[day.isoformat()] = by_currency
    return found


def states_today() -> Columns:
    """How many subscriptions are in each state."""
    states = Subscription.objects.order_by().values_list("life_cycle_state").annotate(Count("pk"))
    return {today().isoformat(): dict(states)}


def states_before(counts: Mapping[str, int], day: date) -> Columns:
    """The same at the end of each day before `day`, which ended with `counts`: the executed actions are taken back
    one day after the other. Asked once, when nothing was kept yet.
    """
    first = day - timedelta(days=STATE_DAYS)
    moved = SubscriptionAction.objects.filter(
        state="executed", executed_on__gt=first, executed_on__lte=day
    ).exclude(from_state=F("to_state"))
    moves: dict[date, list[tuple[str, str, int]]] = {}
    rows = moved.order_by().values_list("executed_on", "from_state", "to_state").annotate(Count("pk"))
    for on, before, after, count in rows:
        moves.setdefault(on, []).append((before, after, count))
    found, standing = {}, dict(counts)
    for on in (day - timedelta(days=back) for back in range(STATE_DAYS)):
        for before, after, count in moves.get(on, []):
            standing[after] = standing.get(after, 0) - count
            if before:
                standing[before] = standing.get(before, 0) + count
        if not any(value > 0 for value in standing.values()):
            break
        found[(on - timedelta(days=1)).isoformat()] = {
            state: count for state, count in standing.items() if count > 0
        }
    return found


def _open_grace(first: date, last: date):
    return Subscription.objects.filter(
        grace_open=True, life_cycle_state=State.EFFECTIVE, grace_end_on__range=(first, last)
    )


def _by_currency(items) -> dict[str, int]:
    return dict(items.order_by().values_list("account__currency").annotate(Sum("unsettled_minor")))


CHARTS: dict[str, Callable[[], Columns]] = {
    "jobs_by_hour": jobs_by_hour,
    "receivables_by_age": receivables_by_age,
    "grace_ends": grace_ends,
    "grace_amounts": grace_amounts,
}
