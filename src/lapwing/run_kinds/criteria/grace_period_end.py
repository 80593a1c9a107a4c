"""The grace period ended at most so many whole days before the run's date, and not after it."""

from datetime import date, timedelta

from django.db.models import DateField, F, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from lapwing.core.sql import Unindexed
from lapwing.run_kinds.criterion import Criterion, Facts, criteria
from lapwing.runs.inputs import Whole
from lapwing.runs.kinds import Assignment

WIDE_DAYS = 7  # from here on the index finds so many rows that reading all of them in order is faster


def window(days: int, assignment: Assignment) -> tuple[date, date]:
    """Both inclusive. A run that merges missed occurrences looks back from the earliest of them."""
    return assignment.window_from - timedelta(days=days), assignment.nominal_on


class GracePeriodEnd(Criterion):
    name = "grace_period_end_days"
    label = _("Days since the grace period ended, at most")
    hint = _("0: on the run's date itself.")
    Type = Whole
    default = Field(default=0, ge=0, le=36_500)

    def is_set(self, value: int) -> bool:
        return True

    def condition(self, value: int, assignment: Assignment) -> Q:
        first, last = window(value, assignment)
        if (last - first).days < WIDE_DAYS:
            return Q(grace_open=True, grace_end_on__range=(first, last))
        ended = Unindexed(F("grace_end_on"), output_field=DateField())
        return Q(GreaterThanOrEqual(ended, first), LessThanOrEqual(ended, last), grace_open=True)

    def expected(self, value: int, assignment: Assignment) -> str:
        first, last = window(value, assignment)
        return (
            f"an open grace period that ended {last}"
            if first == last
            else f"an open grace period that ended {first} to {last}"
        )

    def found(self, facts: Facts) -> str:
        subscription = facts.subscription
        if subscription.grace_end_on is None:
            return "no grace period"
        words = f"{subscription.grace_start_on} to {subscription.grace_end_on}"
        return words if subscription.grace_open else f"{words}, closed"


criteria.register(GracePeriodEnd())
