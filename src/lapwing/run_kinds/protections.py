"""What keeps a run from cutting a subscription off although it was selected, in the order in which one is told.

Source: domain rules, the kind deactivate_in_grace. Every condition reads the joined `debt`, so one statement
evaluates all of them for a whole batch.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from lapwing.identity.queries import organisation
from lapwing.receivables.figures import (
    UNDISPUTED,
    by_currency,
    due_before,
    pending_payments,
    unsettled,
)
from lapwing.receivables.models import AccountState, Reminder
from lapwing.run_kinds.criterion import OF_ACCOUNT
from lapwing.runs.inputs import Shown, Whole
from lapwing.runs.kinds import Assignment
from lapwing.runs.specification import Safety

DebtGuard = Annotated[
    Literal["overdue", "unsettled"],
    Shown(
        _("Debt that counts"),
        _("Overdue: nothing overdue protects. Unsettled: any debt will do."),
        OF_ACCOUNT,
    ),
]
ERROR_CODES = frozenset({"account_not_active", "action_failed"})


class DebtSafety(Safety):
    recently_reactivated_days: Annotated[
        Whole,
        Shown(_("Spare whom a person reactivated within so many days"), _("0 switches it off.")),
    ] = Field(default=3, ge=0, le=36_500)
    require_warning: Annotated[
        bool, Shown(_("Spare whom no reminder was sent to within the grace period"))
    ] = False


@dataclass(frozen=True)
class Protection:
    code: str
    condition: Q
    expected: str  # what would have to be so for the subscription not to be protected


def protections(assignment: Assignment) -> list[Protection]:
    """All that are switched on for this definition, in order. The conditions name `protection_figures`."""
    criteria, safety = assignment.specification.criteria, assignment.specification.safety
    day, today = assignment.nominal_on, assignment.today
    found = [
        Protection(
            "account_not_active",
            ~Q(account__life_cycle_state=AccountState.ACTIVE),
            "the account is active",
        ),
        Protection("never_disconnect", Q(never_disconnect=True), "not flagged as never to be disconnected"),
        Protection(
            "on_hold",
            Q(account__on_hold_until__gte=today) | Q(account__promise_until__gte=today),
            f"no hold and no promise to pay until {today} or later",
        ),
        Protection(
            "disputed",
            Q(counting_minor__gt=0, counting_undisputed_minor=0),
            f"some of the {criteria.debt_guard} debt is not in dispute",
        ),
    ]
    if criteria.debt_guard == "overdue":
        found.append(
            Protection(
                "nothing_overdue",
                Q(counting_undisputed_minor__lte=F("tolerance_minor")),
                f"undisputed debt due before {day}, above the tolerance",
            )
        )
    found.append(
        Protection(
            "payment_in_flight",
            Q(
                counting_undisputed_minor__gt=0,
                pending_minor__gte=F("counting_undisputed_minor"),
            ),
            "pending payments do not cover the undisputed debt",
        )
    )
    if safety.recently_reactivated_days:
        since = day - timedelta(days=safety.recently_reactivated_days)
        found.append(
            Protection("recently_reactivated", Q(reactivated_on__gt=since), f"not reactivated after {since}")
        )
    if safety.require_warning:
        warned = Reminder.objects.filter(
            account=OuterRef("account"),
            sent_on__gte=OuterRef("grace_start_on"),
            sent_on__lte=OuterRef("grace_end_on"),
        )
        found.append(Protection("not_warned", ~Q(Exists(warned)), "a reminder within the grace period"))
    return found


def protection_figures(assignment: Assignment) -> dict[str, Combinable]:
    """The sums the conditions compare, over the joined `debt`."""
    counts = due_before(assignment.nominal_on)
    if assignment.specification.criteria.debt_guard == "unsettled":
        counts = Q()
    return {
        "counting_minor": unsettled(counts or None),
        "counting_undisputed_minor": unsettled(counts & UNDISPUTED),
        "pending_minor": pending_payments("account"),
        "tolerance_minor": by_currency("account__currency", organisation().tolerance_minor),
    }


def verdict(found: list[Protection], *first: When, default: str, last: tuple[When, ...] = ()) -> Case:
    """The first code that applies."""
    return Case(
        *first,
        *(When(protection.condition, then=Value(protection.code)) for protection in found),
        *last,
        default=Value(default),
        output_field=CharField(),
    )


def unprotected(queryset: QuerySet, found: list[Protection]) -> QuerySet:
    """Every protection as a top-level condition of its own."""
    for protection in found:
        queryset = queryset.exclude(protection.condition)
    return queryset
