"""Explains one subscription: the conditions of the selection itself, evaluated one by one on that row."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from lapwing.run_kinds.criterion import Facts, set_criteria
from lapwing.runs.kinds import Assignment, Check, Explanation
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.queries import effective_term


def as_column(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def look(
    queryset: QuerySet,
    subscription: Subscription,
    aliases: Mapping[str, Combinable],
    conditions: Mapping[str, Q],
) -> dict[str, Any]:
    """Evaluates every condition and figure on one subscription, in one statement."""
    row = queryset.filter(pk=subscription.pk).values("pk").annotate(**aliases)
    return row.annotate(
        **{f"is_{name}": as_column(condition) for name, condition in conditions.items()}
    ).get()


def facts_of(subscription: Subscription, day: date, figures: dict[str, Any]) -> Facts:
    return Facts(subscription, effective_term(subscription.pk, day), figures)


def criterion_checks(assignment: Assignment, facts: Facts, row: dict[str, Any]) -> list[Check]:
    """One check a criterion that is set, under its name in the definition file."""
    return [
        Check(
            criterion.name.removesuffix("_days"),
            criterion.expected(value, assignment),
            criterion.found(facts),
            row[f"is_{criterion.name}"],
        )
        for criterion, value in set_criteria(assignment.specification.criteria)
    ]


def explanation(
    facts: Facts,
    *,
    amount_minor: int,
    criteria: list[Check],
    protections: list[Check],
    errors: frozenset[str],
) -> Explanation:
    """Outcome and code follow from the checks: selected when all pass, then the first protection that applies."""
    selected = all(check.passed for check in criteria)
    code = next((check.name for check in protections if check.passed), "") if selected else ""
    outcome = (
        "not_selected" if not selected else "done" if not code else "error" if code in errors else "skipped"
    )
    return Explanation(
        subject=facts.subscription.number,
        selected=selected,
        outcome=outcome,
        code=code,
        amount_minor=amount_minor,
        currency=facts.subscription.account.currency,
        criteria=criteria,
        protections=protections,
    )
