"""The safety brake and the required approval: whether a frozen list may be carried out without somebody's word.

Source: domain rules, runs. Affected is what would really be done; protected subjects do not count. The limits count
what the definition did in the last 24 hours of business time, without what was undone.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from lapwing.core import clock
from lapwing.core.money import to_minor, to_words
from lapwing.identity.models import Organisation
from lapwing.identity.queries import organisation
from lapwing.runs.kinds import Assignment, RunKind
from lapwing.runs.models import Run
from lapwing.runs.outcomes import done_items_since
from lapwing.runs.specification import Safety

LOOKS_BACK = timedelta(hours=24)
MAX_DAYS_AWAY = 3
PERCENT_FROM = 20  # below so many affected, the percentage is not applied


@dataclass(frozen=True)
class Held:
    event: str  # pause, hold
    code: str
    description: str


def why_held(run: Run, kind: RunKind, assignment: Assignment) -> Held | None:
    """None where the run may go on at once. A run that selected nothing is never held."""
    if not run.selected:
        return None
    if reason := brake(kind, assignment, run.definition_id, at_most=run.selected):
        return Held("pause", "safety_brake", reason)
    if assignment.specification.safety.approval:
        return Held("hold", "approval_required", "the definition requires approval for every run")
    return None


def brake(kind: RunKind, assignment: Assignment, definition_id: int, *, at_most: int) -> str:
    """Why the brake holds, in words; '' where it does not. `at_most` bounds how many could be affected."""
    if far := too_far_away(assignment.nominal_on, assignment.today):
        return far
    safety: Safety = assignment.specification.safety
    own = organisation()
    earlier = done_items_since(definition_id, clock.now() - LOOKS_BACK)
    before = earlier.count()
    limits = _count_limits(safety, own, kind)
    if before + at_most > min(limits)[0]:
        affected = before + _would_do(kind, assignment).count()
        for limit, words in sorted(limits):
            if affected > limit:
                counted = f", {before} of them in the last 24 hours" if before else ""
                return f"{affected} would be affected{counted}; the limit is {words}"
    return _amount_limit(safety, kind, assignment, earlier)


def too_far_away(nominal_on: date, today: date) -> str:
    """Why a run of that date is held before its first change, in words; '' where it is near enough."""
    away = abs((nominal_on - today).days)
    if away <= MAX_DAYS_AWAY:
        return ""
    return f"the run's date {nominal_on} is {away} days away from today, more than {MAX_DAYS_AWAY}"


def _count_limits(safety: Safety, own: Organisation, kind: RunKind) -> list[tuple[int, str]]:
    """The limits as whole numbers of subjects; each is the organisation's where the definition gives none."""
    number = own.max_affected if safety.max_affected is None else safety.max_affected
    percent = safety.max_affected_percent
    if percent is None:
        percent = Decimal(own.max_affected_percent)
    base = kind.base().count()
    most = max(int(base * percent / 100), PERCENT_FROM - 1)
    return [(number, f"{number:,}"), (most, f"{percent.normalize():f} % of {base:,} effective")]


def _would_do(kind: RunKind, assignment: Assignment) -> QuerySet:
    return kind.judge(assignment).filter(verdict="")


def _amount_limit(safety: Safety, kind: RunKind, assignment: Assignment, earlier: QuerySet) -> str:
    """Amounts count once per owner, with those already affected in the last 24 hours."""
    if not safety.max_amount:
        return ""
    amounts: dict[tuple[int, str], int] = {}
    for queryset, prefix in ((earlier, ""), (_would_do(kind, assignment), "item_")):
        owners = queryset.values_list(f"{prefix}owner_id", f"{prefix}currency", f"{prefix}amount_minor")
        for owner, currency, minor in owners.iterator():
            amounts[owner, currency] = max(amounts.get((owner, currency), 0), int(minor))
    totals: dict[str, int] = {}
    for (_, currency), minor in amounts.items():
        totals[currency] = totals.get(currency, 0) + minor
    for currency, limit in sorted(safety.max_amount.items()):
        total, allowed = totals.get(currency, 0), to_minor(limit, currency)
        if total > allowed:
            return (
                f"{to_words(total, currency)} would be at stake; the limit is {to_words(allowed, currency)}"
            )
    return ""
