"""The fixed list of filters. A filter is given what is there; what is not there (None) passes by all but `default`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from lapwing.core.money import known_currency, minor_digits
from lapwing.messages.language.errors import BadValue, shown
from lapwing.messages.language.limits import MAX_INTEGER

# A value is whatever JSON can hold, so its type is found only by looking.
Value = Any
Apply = Callable[[Value, Value, Locale], Value]


@dataclass(frozen=True)
class Filter:
    """`argument` says in words what stands behind the colon; "" takes none."""

    apply: Apply
    argument: str = ""

    @property
    def takes_argument(self) -> bool:
        return bool(self.argument)


def apply_filter(name: str, value: Value, argument: Value, locale: Locale) -> Value:
    """Raises BadValue in words."""
    if value is None and name != "default":
        return None
    return FILTERS[name].apply(value, argument, locale)


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The formats of a language tag like de or de-AT; of English where nobody knows it. Loads them at once."""
    try:
        locale = Locale.parse(language.strip().replace("-", "_")) if language.strip() else Locale("en")
    except (UnknownLocaleError, ValueError, TypeError):
        locale = Locale("en")
    _money(1, "EUR", locale)
    _date("2000-02-29", None, locale)
    return locale


def _upper(value: Value, _argument: Value, _locale: Locale) -> str:
    if type(value) is not str:
        raise BadValue(f"upper expected text, found {kind_of(value)}")
    return value.upper()


def _default(value: Value, argument: Value, _locale: Locale) -> Value:
    return argument if value is None or value == "" else value


def _money(value: Value, argument: Value, locale: Locale) -> str:
    if type(value) is not int or abs(value) > MAX_INTEGER:
        raise BadValue(f"money expected a whole number of minor units, found {kind_of(value)}")
    if type(argument) is not str or not known_currency(argument):
        found = shown(argument) if type(argument) is str else kind_of(argument)
        raise BadValue(f"money expected a currency like EUR behind the colon, found {found}")
    amount = Decimal(value).scaleb(-minor_digits(argument))
    return format_currency(amount, argument, locale=locale)


def _date(value: Value, _argument: Value, locale: Locale) -> str:
    day = value if type(value) is date else _iso(value)
    return format_date(day, format="long", locale=locale)


def _iso(value: Value) -> date:
    if type(value) is not str:
        raise BadValue(f"date expected an ISO date like 2015-03-10, found {kind_of(value)}")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadValue(f"date expected an ISO date like 2015-03-10, found {shown(value)}") from None


def kind_of(value: Value) -> str:
    """What a value is, in words for a message; never the value itself, which may be personal."""
    words = {bool: "yes or no", int: "a number", str: "text", dict: "a group of names", list: "a list"}
    return "nothing" if value is None else words.get(type(value), f"a {type(value).__name__}")


FILTERS: dict[str, Filter] = {
    "money": Filter(_money, "the currency, like money: invoice.currency"),
    "date": Filter(_date),
    "upper": Filter(_upper),
    "default": Filter(_default, 'what to write instead, like default: "-"'),
}
