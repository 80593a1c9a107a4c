"""The figures of an account as SQL expressions, all from the same open items.

A queryset that reaches accounts by a path first joins their unsettled items once, under the name `debt`; every
sum then reads that one join. The sums are per account and in its currency.
"""

from datetime import date

from django.db.models import (
    BigIntegerField,
    Case,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Coalesce

from lapwing.core.sql import JoinedText, OfTheGroup
from lapwing.receivables.models import Payment, PaymentState

ZERO = Value(0, output_field=BigIntegerField())


def with_debt(queryset: QuerySet, account: str) -> QuerySet:
    """Joins the unsettled items of the account reached by `account` ("" or a path ending in two underscores)."""
    relation = f"{account}open_items"
    return queryset.annotate(
        debt=FilteredRelation(relation, condition=Q(**{f"{relation}__unsettled_minor__gt": 0}))
    )


def unsettled(condition: Q | None = None) -> Expression:
    """Sum of the unsettled amounts of the joined items that meet `condition`; 0 where there are none."""
    return Coalesce(Sum("debt__unsettled_minor", filter=condition), ZERO, output_field=BigIntegerField())


def due_before(cut_off: date) -> Q:
    """An invoice due on the cut-off itself does not count."""
    return Q(debt__due_on__lt=cut_off)


UNDISPUTED = Q(debt__disputed=False)


def debt_evidence() -> Expression:
    """Which items the debt was made of: `key:minor` words, in no certain order."""
    return Coalesce(JoinedText(F("debt__pk"), F("debt__unsettled_minor")), Value(""))


def pending_payments(account_ref: str) -> Expression:
    """Sum of the account's announced payments that have not arrived yet. Where no account has any, nothing is
    looked up: whoever announces one locks the account first.
    """
    if not Payment.objects.filter(state=PaymentState.PENDING).exists():
        return ZERO
    pending = Payment.objects.filter(account=OuterRef(account_ref), state=PaymentState.PENDING)
    total = pending.order_by().values("account").annotate(total=Sum("amount_minor")).values("total")
    return OfTheGroup(Subquery(total, output_field=BigIntegerField()), ZERO, output_field=BigIntegerField())


def by_currency(currency: str, amounts: dict[str, int]) -> Combinable:
    """The amount set for the row's currency, 0 where none is set."""
    if not any(amounts.values()):
        return ZERO
    return Case(
        *(When(**{currency: code}, then=Value(minor)) for code, minor in sorted(amounts.items())),
        default=ZERO,
        output_field=BigIntegerField(),
    )
