"""The account's outstanding amount: what is unsettled of invoices due before a cut-off date."""

from datetime import date, timedelta
from typing import Annotated

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from lapwing.core.errors import Problem
from lapwing.core.money import to_text
from lapwing.receivables.figures import due_before, unsettled
from lapwing.run_kinds.criterion import (
    OF_ACCOUNT,
    Criterion,
    Facts,
    Range,
    criteria,
    in_range,
    precision_problems,
    range_words,
)
from lapwing.runs.inputs import Shown, Whole
from lapwing.runs.kinds import Assignment

MAX_SHIFT_DAYS = 36_500


class OutstandingRange(Range):
    due_in_days: Annotated[
        Whole | None, Shown(_("Due in days"), _("Also counts what falls due until then."))
    ] = Field(default=None, ge=0, le=MAX_SHIFT_DAYS)
    due_days_ago: Annotated[
        Whole | None, Shown(_("Due days ago"), _("Counts only what was due before then."))
    ] = Field(default=None, ge=0, le=MAX_SHIFT_DAYS)

    @model_validator(mode="after")
    def _shifts(self):
        shifts = [shift for shift in (self.due_in_days, self.due_days_ago) if shift is not None]
        if len(shifts) > 1:
            raise PydanticCustomError("two_shifts", "give due_in_days or due_days_ago, not both")
        if shifts and not self.bounds:
            raise PydanticCustomError("shift_without_bound", "a shift needs more_than or less_than")
        return self

    def cut_off(self, day: date) -> date:
        """An invoice due on the cut-off itself does not count."""
        return day + timedelta(days=(self.due_in_days or 0) - (self.due_days_ago or 0))


class Outstanding(Criterion):
    name = "outstanding"
    section = OF_ACCOUNT
    label = _("Outstanding amount")
    Type = OutstandingRange
    default = OutstandingRange()

    def is_set(self, value: OutstandingRange) -> bool:
        return bool(value.bounds)

    def problems(self, value: OutstandingRange, criteria: BaseModel) -> list[Problem]:
        return precision_problems("criteria.outstanding", value.bounds)

    def aliases(self, value: OutstandingRange, assignment: Assignment) -> dict[str, Combinable]:
        return {"outstanding_minor": unsettled(due_before(value.cut_off(assignment.nominal_on)))}

    def condition(self, value: OutstandingRange, assignment: Assignment) -> Q:
        return in_range("outstanding_minor", value)

    def expected(self, value: OutstandingRange, assignment: Assignment) -> str:
        return f"{range_words(value)}, due before {value.cut_off(assignment.nominal_on)}"

    def found(self, facts: Facts) -> str:
        currency = facts.subscription.account.currency
        return f"{to_text(facts.figures['outstanding_minor'], currency)} {currency}"


criteria.register(Outstanding())
