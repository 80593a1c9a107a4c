"""Whether the effective billing term binds the customer on the run's date."""

from datetime import date
from typing import Literal

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lapwing.run_kinds.criterion import Criterion, Facts, criteria, effective_term_where
from lapwing.runs.kinds import Assignment


def binding_on(day: date) -> Q:
    """In binding: a binding start on or before the day, and a binding end on or after it, or open."""
    return Q(binding_start_on__lte=day) & (Q(binding_end_on__gte=day) | Q(binding_end_on__isnull=True))


class BindingState(Criterion):
    name = "binding_state"
    label = _("Binding state")
    hint = _("On the run's date.")
    Type = Literal["any", "in_binding", "out_of_binding"]
    default = "any"

    def is_set(self, value: str) -> bool:
        return value != "any"

    def condition(self, value: str, assignment: Assignment) -> Q:
        day = assignment.nominal_on
        if value == "in_binding":
            return effective_term_where(day, binding_on(day))
        return effective_term_where(day) & ~effective_term_where(day, binding_on(day))

    def expected(self, value: str, assignment: Assignment) -> str:
        return f"{value.replace('_', ' ')} on {assignment.nominal_on}"

    def found(self, facts: Facts) -> str:
        term = facts.term
        if term is None:
            return "no effective billing term"
        return (
            f"binding from {term.binding_start_on} to {term.binding_end_on or 'open'}"
            if term.binding_start_on
            else "no binding"
        )


criteria.register(BindingState())
