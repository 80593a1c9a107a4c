"""The account's balance: the unsettled amounts of all its issued invoices, due or not."""

from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel

from lapwing.core.errors import Problem
from lapwing.core.money import to_text
from lapwing.receivables.figures import unsettled
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
from lapwing.runs.kinds import Assignment


class Balance(Criterion):
    name = "balance"
    section = OF_ACCOUNT
    label = _("Balance")
    Type = Range
    default = Range()

    def is_set(self, value: Range) -> bool:
        return bool(value.bounds)

    def problems(self, value: Range, criteria: BaseModel) -> list[Problem]:
        return precision_problems("criteria.balance", value.bounds)

    def aliases(self, value: Range, assignment: Assignment) -> dict[str, Combinable]:
        return {"balance_minor": unsettled()}

    def condition(self, value: Range, assignment: Assignment) -> Q:
        return in_range("balance_minor", value)

    def expected(self, value: Range, assignment: Assignment) -> str:
        return range_words(value)

    def found(self, facts: Facts) -> str:
        currency = facts.subscription.account.currency
        return f"{to_text(facts.figures['balance_minor'], currency)} {currency}"


criteria.register(Balance())
