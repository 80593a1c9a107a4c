"""Field types of definition files, strict and in the operator's words, and their problems as a list."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from django.db.models import Model
from django.utils.functional import Promise
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from lapwing.core.errors import Problem


class Section(BaseModel):
    """A section of a definition: immutable, unknown keys refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


@dataclass(frozen=True)
class Shown:
    """How a form shows an input, as metadata of its type; whoever reads a file never asks. `entries` is the catalogue
    that its codes are of: a model with `code`, `name` and `life_cycle_state`.
    """

    label: str | Promise = ""
    hint: str | Promise = ""
    section: str | Promise = ""
    entries: type[Model] | None = None
    suggestions: tuple[str, ...] = ()
    is_long: bool = False


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError(
            "not_a_number", "expected a number, found a yes/no value; quote codes like NO"
        )
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError(
            "not_whole", "expected a whole number, found {found}", {"found": repr(value)[:60]}
        )
    if abs(value) > 10**9:
        raise PydanticCustomError("too_large", "expected at most 1,000,000,000")
    return value


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise PydanticCustomError("not_an_amount", "expected an amount like 12.30")
    text = str(value).strip()
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or len(text) > 40:
        raise PydanticCustomError(
            "not_an_amount", "expected an amount like 12.30, found {found}", {"found": text[:60]}
        )
    if amount < 0:
        raise PydanticCustomError(
            "negative_amount", "expected an amount of zero or more, found {found}", {"found": text}
        )
    if amount > 10**12:
        raise PydanticCustomError("too_large", "larger than any amount Lapwing keeps")
    return amount


def _code(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("quote_it", "expected a code, found a yes/no value; quote codes like 'NO'")
    return str(value) if isinstance(value, int) else value


Whole = Annotated[int, BeforeValidator(_whole)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Code = Annotated[
    str, BeforeValidator(_code), StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
]

_WORDS = {
    "extra_forbidden": ("unknown_key", "unknown key"),
    "missing": ("missing", "is missing"),
    "literal_error": ("not_a_choice", None),
    "model_type": ("not_a_section", "expected a section with keys"),
    "union_tag_not_found": ("missing", "the key `method` is missing"),
}


def problems_of(error: ValidationError, prefix: str = "") -> list[Problem]:
    """What pydantic found, field by field, in our words and with stable codes."""
    found = []
    for each in error.errors(include_url=False):
        path = ".".join(str(part) for part in each["loc"] if not str(part).startswith("function-"))
        code, words = _WORDS.get(each["type"], (each["type"], None))
        message = words or each["msg"].removeprefix("Value error, ")
        field = f"{prefix}{path}" if path or not prefix else prefix.rstrip(".")
        found.append(Problem(field or "definition", message, code))
    return found
