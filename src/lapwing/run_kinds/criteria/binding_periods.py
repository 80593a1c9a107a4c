"""The customer is bound, and the binding period is in the list. Only together with `in_binding`."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel

from lapwing.catalog.models import BindingPeriod
from lapwing.core.errors import Problem
from lapwing.run_kinds.criteria.binding_state import binding_on
from lapwing.run_kinds.criterion import CodeList, Facts, criteria, effective_term_where
from lapwing.runs.kinds import Assignment


class BindingPeriods(CodeList):
    name = "binding_periods"
    label = _("Binding periods")
    hint = _("Only together with the binding state in binding.")
    model = BindingPeriod

    def problems(self, value: list[str], criteria: BaseModel) -> list[Problem]:
        found = super().problems(value, criteria)
        if value and getattr(criteria, "binding_state", "any") != "in_binding":
            found.append(
                Problem(
                    "criteria.binding_periods",
                    "needs binding_state: in_binding",
                    "binding_periods_without_binding",
                )
            )
        return found

    def condition(self, value: list[str], assignment: Assignment) -> Q:
        day = assignment.nominal_on
        return effective_term_where(day, binding_on(day), binding_period__in=self.keys(value))

    def found(self, facts: Facts) -> str:
        return str(facts.term.binding_period or "none") if facts.term else "no effective billing term"


criteria.register(BindingPeriods())
