"""The charts of Home, from the figures that the service keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lapwing.backoffice.charts import Chart, stacked
from lapwing.backoffice.templatetags.lapwing import count, whole_amount, words
from lapwing.core import clock
from lapwing.figures.charts import AGES, GRACE_DAYS, HOURS
from lapwing.figures.keep import STATES
from lapwing.figures.queries import Kept, kept
from lapwing.jobs.states import Status
from lapwing.subscriptions.states import State

AMOUNTS_LEFT = 64
AGE_LABELS = {
    "not_due": lambda: _("not due"),
    "1_to_30_days": lambda: _("1–30 days"),
    "31_to_60_days": lambda: _("31–60 days"),
    "61_to_90_days": lambda: _("61–90 days"),
    "over_90_days": lambda: _("over 90 days"),
}


@dataclass(frozen=True)
class Panel:
    """One subject with its charts; `at` is when it was counted, None before the first time."""

    title: str
    about: str
    column: str
    at: datetime | None
    charts: list[tuple[str, Chart]] = field(default_factory=list)  # what it shows, in words


def panels(today: date) -> list[Panel]:
    """One query for all of them. `today` is the business date."""
    found = kept(["jobs_by_hour", STATES, "receivables_by_age", "grace_ends", "grace_amounts"])
    return [
        _jobs(found["jobs_by_hour"]),
        _states(found[STATES]),
        _receivables(found["receivables_by_age"]),
        _grace(found["grace_ends"], found["grace_amounts"], today),
    ]


def _jobs(found: Kept) -> Panel:
    """One column an hour, in the user's zone."""
    last = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    columns: dict[str, Mapping[str, int]] = {}
    for hour in hours:
        local = timezone.localtime(hour)
        label = local.strftime("%H:%M")
        if label in columns:  # the clocks were changed within the day
            label = local.strftime("%H:%M %Z")
        columns[label] = found.columns.get(hour.isoformat(), {})
    chart = stacked(columns, _labels(Status.values), unit=_("jobs"), every=3, write=count)
    about = _("by the hour they were asked for, %(zone)s") % {"zone": timezone.get_current_timezone_name()}
    title = _("Jobs of the last 24 hours")
    return Panel(
        title, about, _("Hour"), found.at, [(_("Jobs of the last 24 hours by status, by hour"), chart)]
    )


def _states(found: Kept) -> Panel:
    """One column a day; a day on which nobody counted is left out."""
    columns = {short_day(date.fromisoformat(day)): states for day, states in found.columns.items()}
    every = max(1, -(-len(columns) // 8))
    chart = stacked(columns, _labels(State.values), unit=_("subscriptions"), every=every, write=count)
    title = _("Subscriptions by state")
    label = _("Subscriptions by state at the end of each day")
    return Panel(title, _("at the end of each day"), _("Day"), found.at, [(label, chart)])


def _receivables(found: Kept) -> Panel:
    charts = [
        (
            _("Unsettled amounts in %(currency)s by days since they were due") % {"currency": currency},
            _amounts({AGE_LABELS[age](): found.columns.get(age, {}) for age in AGES}, currency),
        )
        for currency in _currencies(found)
    ]
    return Panel(_("Receivables by age"), _("unsettled, by days since due"), _("Age"), found.at, charts)


def _grace(ends: Kept, amounts: Kept, today: date) -> Panel:
    days = [today + timedelta(days=ahead) for ahead in range(GRACE_DAYS)]
    by_day = {short_day(day): ends.columns.get(day.isoformat(), {}) for day in days}
    chart = stacked(
        by_day, {"subscriptions": _("subscriptions")}, unit=_("subscriptions"), every=5, write=count
    )
    charts = [(_("Grace periods that end on each of the next 30 days"), chart)] if not chart.is_empty else []
    for currency in _currencies(amounts):
        label = _("At stake in %(currency)s: unsettled on their accounts") % {"currency": currency}
        columns = {short_day(day): amounts.columns.get(day.isoformat(), {}) for day in days}
        charts.append((label, _amounts(columns, currency, every=5)))
    about = _("the next 30 days, with the amount at stake")
    return Panel(_("Grace periods that end"), about, _("Day"), ends.at, charts)


def _amounts(columns: Mapping[str, Mapping[str, int]], currency: str, *, every: int = 1) -> Chart:
    """Of one currency alone; they are never added."""
    one = {column: {"amount": values.get(currency, 0)} for column, values in columns.items()}
    write = lambda minor: whole_amount(minor, currency)  # noqa: E731
    return stacked(one, {"amount": currency}, unit=currency, every=every, left=AMOUNTS_LEFT, write=write)


def _currencies(found: Kept) -> list[str]:
    return sorted(
        {currency for values in found.columns.values() for currency, minor in values.items() if minor}
    )


def _labels(names: list[str]) -> dict[str, str]:
    return {name: words(name) for name in names}


def short_day(day: date) -> str:
    # Translators: a day without its year as 10 Mar, in the letters of Django's date format
    return dateformat.format(day, pgettext("short day", "j M"))
