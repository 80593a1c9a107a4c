"""What a criterion must bring, and the two shapes most of them have: a list of codes, and a range of amounts."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any

from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from lapwing.catalog.models import CatalogEntry
from lapwing.catalog.queries import unknown_codes
from lapwing.core.errors import Problem
from lapwing.core.money import minor_digits, written_digits
from lapwing.core.registry import Registry
from lapwing.identity.queries import organisation
from lapwing.receivables.queries import currencies_in_use
from lapwing.runs.inputs import Amount, Code, Section, Shown
from lapwing.runs.kinds import Assignment
from lapwing.subscriptions.models import BillingTerm, Subscription
from lapwing.subscriptions.queries import valid_on

OF_SUBSCRIPTION, OF_ACCOUNT = _("Subscription criteria"), _("Accounts receivable criteria")


@dataclass(frozen=True)
class Facts:
    """What an explanation tells of one subscription."""

    subscription: Subscription
    term: BillingTerm | None
    figures: dict[str, Any]


class Criterion(ABC):
    """One key under `criteria`. `condition` decides, in the selection as in the explanation."""

    name: str
    Type: Any
    default: Any = None
    section: str | Promise = OF_SUBSCRIPTION  # of the form
    label: str | Promise = ""
    hint: str | Promise = ""
    model: type[CatalogEntry] | None = None  # whose codes it lists

    @property
    def shown(self) -> Shown:
        return Shown(self.label, self.hint, self.section, self.model)

    def is_set(self, value: Any) -> bool:
        return bool(value)

    def problems(self, value: Any, criteria: BaseModel) -> list[Problem]:
        return []

    def aliases(self, value: Any, assignment: Assignment) -> dict[str, Combinable]:
        """Expressions over the joined `debt` that the condition names."""
        return {}

    @abstractmethod
    def condition(self, value: Any, assignment: Assignment) -> Q: ...

    @abstractmethod
    def expected(self, value: Any, assignment: Assignment) -> str: ...

    @abstractmethod
    def found(self, facts: Facts) -> str: ...


criteria: Registry[Criterion] = Registry("criterion", folder="run_kinds.criteria")


def criteria_model(*names: str, **others: Any) -> type[Section]:
    """The `criteria` section of a kind: these criteria, and further keys as pydantic field pairs."""
    fields: dict[str, Any] = {}
    for name in names:
        criterion = criteria.get(name)
        fields[name] = (Annotated[criterion.Type, criterion.shown], criterion.default)
    return create_model("Criteria", __base__=_NoneIsDefault, **fields, **others)


class _NoneIsDefault(Section):
    @model_validator(mode="before")
    @classmethod
    def _drop_none(cls, values: Any) -> Any:
        """A key left empty in the file is a key left out."""
        if not isinstance(values, dict):
            return values
        return {
            key: value for key, value in values.items() if value is not None or key not in cls.model_fields
        }


def set_criteria(section: BaseModel) -> list[tuple[Criterion, Any]]:
    """The criteria of a definition that restrict something, in the order of their names."""
    named = [criterion for criterion in criteria if criterion.name in type(section).model_fields]
    pairs = [(criterion, getattr(section, criterion.name)) for criterion in named]
    return [(criterion, value) for criterion, value in pairs if criterion.is_set(value)]


class CodeList(Criterion):
    """OR inside one list of codes; an empty list is no restriction."""

    Type = list[Code]
    default = Field(default_factory=list, max_length=10_000)
    hint = _("One of these; none is no restriction.")
    model: type[CatalogEntry]

    def problems(self, value: list[str], criteria: BaseModel) -> list[Problem]:
        what = str(self.model._meta.verbose_name)
        return [
            Problem(f"criteria.{self.name}", f"there is no {what} {code!r}", "unknown_code")
            for code in unknown_codes(self.model, value)
        ]

    def keys(self, value: list[str]) -> list[int]:
        """Keys of the codes. A code that no longer exists is an error: it must never widen the list."""
        keys = dict(self.model.objects.filter(code__in=value).values_list("code", "pk"))
        if missing := [code for code in value if code not in keys]:
            raise LookupError(f"criterion {self.name}: {', '.join(missing)} no longer exists")
        return sorted(keys.values())

    def expected(self, value: list[str], assignment: Assignment) -> str:
        return "one of " + ", ".join(value)


class TermCodeList(CodeList):
    """A list of codes of the effective billing term."""

    term_field: str

    def condition(self, value: list[str], assignment: Assignment) -> Q:
        return effective_term_where(assignment.nominal_on, **{f"{self.term_field}__in": self.keys(value)})

    def found(self, facts: Facts) -> str:
        return getattr(facts.term, self.term_field).code if facts.term else "no effective billing term"


def effective_term_where(day: date, *conditions: Q, **fields: Any) -> Q:
    """The subscription's effective term exists and meets the conditions."""

    terms = BillingTerm.objects.filter(valid_on(day), *conditions, subscription=OuterRef("pk"), **fields)
    return Q(Exists(terms))


class Range(Section):
    """Lower bound inclusive, upper bound exclusive."""

    more_than: Annotated[Amount | None, Shown(_("More than"), _("From this amount on."))] = None
    less_than: Annotated[Amount | None, Shown(_("Less than"), _("Below this amount."))] = None

    @model_validator(mode="after")
    def _not_empty(self):
        lower, upper = self.more_than, self.less_than
        if upper is not None and (upper <= 0 or (lower is not None and upper <= lower)):
            raise PydanticCustomError(
                "empty_range",
                "from {lower} to below {upper} is an empty range",
                {"lower": str(lower or 0), "upper": str(upper)},
            )
        return self

    @property
    def bounds(self) -> list[Decimal]:
        return [bound for bound in (self.more_than, self.less_than) if bound is not None]


def precision_problems(field: str, bounds: list[Decimal]) -> list[Problem]:
    """A threshold has no more digits than the currencies of the accounts it is compared with; nor more zeros than any
    of them has, since 1.000 is a thousand to some who write it, and one to whoever reads it.
    """
    found = []
    currencies = sorted({*currencies_in_use(), organisation().currency})
    most = max(map(minor_digits, currencies))
    for currency in currencies:
        for bound in bounds:
            if bound != round(bound, minor_digits(currency)) or written_digits(bound) > most:
                found.append(
                    Problem(
                        field,
                        f"{bound} has more digits than {currency} has ({minor_digits(currency)})",
                        "over_precise",
                    )
                )
    return found


def in_range(figure: str, value: Range) -> Q:
    """The figure, in minor units of the account's currency, lies in the range."""
    condition = Q()
    if value.more_than is not None:
        condition &= Q(**{f"{figure}__gte": minor_bound(value.more_than)})
    if value.less_than is not None:
        condition &= Q(**{f"{figure}__lt": minor_bound(value.less_than)})
    return condition


def minor_bound(bound: Decimal) -> Combinable:
    """The bound in minor units of each row's currency, rounded up: exact for >= and for < alike."""
    scaled = {
        code: int(bound.scaleb(minor_digits(code)).to_integral_value(ROUND_CEILING))
        for code in currencies_in_use()
    }
    usual = max(scaled.values(), key=list(scaled.values()).count, default=0)
    return Case(
        *(
            When(account__currency=code, then=Value(minor))
            for code, minor in sorted(scaled.items())
            if minor != usual
        ),
        default=Value(usual),
        output_field=BigIntegerField(),
    )


def range_words(value: Range) -> str:
    parts = []
    if value.more_than is not None:
        parts.append(f"from {value.more_than}")
    if value.less_than is not None:
        parts.append(f"below {value.less_than}")
    return " and ".join(parts)
