"""How one cell is read: text to a value, or `Wrong` in words. Pure.

What depends on other cells of the row is decided by `row_rules`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale

from lapwing.core.money import known_currency

MAX_CHARACTERS = 10_000
YEARS = range(1900, 2201)
MAX_QUANTITY = 10**9
# Codes of Babel that are no ISO 3166 countries; XK stays, as everybody uses it for Kosovo.
_NO_COUNTRIES = {"AC", "CP", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
_COUNTRIES = {c for c in map(str, Locale("en").territories) if re.fullmatch("[A-Z]{2}", c)} - _NO_COUNTRIES
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"(-?)0*([0-9]+?)(?:\.([0-9]+?)0*)?")
# Beyond these an amount is wrong in every currency, and decimal arithmetic would begin to round.
_MAX_DIGITS, _MAX_DECIMALS = 16, 9


class Wrong(ValueError):
    """A cell that cannot be read: why, and a stable code."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Needed:
    """Stands for the value of an empty cell where an empty cell is wrong."""


@dataclass(frozen=True)
class Column:
    """`read` is asked for cells that are not empty; an empty one means `empty`."""

    read: Callable[[str], Any]
    empty: Any = Needed


def number(cell: str) -> str:
    """A number or code: what other rows refer to, so nothing invisible may be in it."""
    if len(cell) > 100:
        raise Wrong(f"has {len(cell)} characters, at most 100 are kept", "too_long")
    if _CONTROL.search(cell):
        raise Wrong("has a control character or line break in it", "control_character")
    if cell != cell.strip():
        raise Wrong("has blanks before or behind it", "surrounding_blanks")
    return cell


def text(limit: int) -> Callable[[str], str]:
    """Free text, kept as it is, also where a spreadsheet would take it for a formula."""

    def read(cell: str) -> str:
        if len(cell) > limit:
            raise Wrong(f"has {len(cell)} characters, at most {limit} are kept", "too_long")
        if "\x00" in cell:
            raise Wrong("has a NUL character in it", "control_character")
        return cell

    return read


def choice(values: Iterable[str], code: str) -> Callable[[str], str]:
    known = list(values)

    def read(cell: str) -> str:
        if cell not in known:
            raise Wrong(f"expected one of {', '.join(known)}", code)
        return cell

    return read


@lru_cache(maxsize=100_000)
def day(cell: str) -> date:
    if not _DATE.fullmatch(cell):
        raise Wrong("is not a date; write year-month-day, like 2015-03-10", "bad_date")
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        raise Wrong("is a day that does not exist", "bad_date") from None
    if found.year not in YEARS:
        raise Wrong(f"is outside the years {YEARS[0]} to {YEARS[-1]}", "date_out_of_range")
    return found


def boolean(cell: str) -> bool:
    if cell not in ("true", "false"):
        raise Wrong("expected true or false", "bad_boolean")
    return cell == "true"


def quantity(cell: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", cell) or not 0 < int(cell) <= MAX_QUANTITY:
        raise Wrong("expected a whole number from 1 to 1,000,000,000", "bad_quantity")
    return int(cell)


def amount(cell: str) -> Decimal:
    """An amount from zero up; whether its currency has so many digits is decided with the row."""
    found = _AMOUNT.fullmatch(cell)
    if not found:
        raise Wrong("is not an amount; write digits and a point, like 12.30", "bad_amount")
    if found[1]:
        raise Wrong("is negative", "negative")
    if len(found[2]) > _MAX_DIGITS:
        raise Wrong("is larger than any amount Lapwing keeps", "too_large")
    if len(found[3] or "") > _MAX_DECIMALS:
        raise Wrong("has more digits after the point than any currency", "over_precise")
    return Decimal(cell)


def amount_above_zero(cell: str) -> Decimal:
    found = amount(cell)
    if not found:
        raise Wrong("expected an amount above zero", "not_above_zero")
    return found


@lru_cache(maxsize=1_000)
def currency(cell: str) -> str:
    if not (cell.isascii() and known_currency(cell)):
        raise Wrong("is not a currency; write its three capital letters, like EUR", "unknown_currency")
    return cell


def country(cell: str) -> str:
    if cell not in _COUNTRIES:
        raise Wrong("is not a country; write its two capital letters, like GB", "unknown_country")
    return cell
