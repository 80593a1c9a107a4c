"""Money: integer minor units plus a currency; text with a point at the edges, nowhere a float."""

import re
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, is_currency

MAX_MINOR = 10**15
AMOUNT = re.compile("-?[0-9]{1,20}([.][0-9]{1,20})?")


@lru_cache
def minor_digits(currency: str) -> int:
    """Digits after the point that the currency has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def known_currency(code: str) -> bool:
    return len(code) == 3 and code.isupper() and is_currency(code)


def to_minor(text: str | int | Decimal, currency: str) -> int:
    """'12.30' EUR -> 1230. Raises ValueError in words for anything that is not an exact amount of the currency.

    A text with more digits after its point than the currency has is refused though they be zeros: who writes 1.000
    for EUR means a thousand, as many languages do, and would get one.
    """
    written = f"{text:f}" if isinstance(text, Decimal) else str(text).strip()
    if not AMOUNT.fullmatch(written):
        raise ValueError(f"{written[:40]!r} is not an amount; write digits and a point, like 12.30")
    minor = Decimal(written).scaleb(minor_digits(currency))
    if abs(minor) > MAX_MINOR:
        raise ValueError(f"{str(text)[:40]} {currency} is larger than any amount Lapwing keeps")
    if minor != minor.to_integral_value() or (
        isinstance(text, str) and written_digits(Decimal(written)) > minor_digits(currency)
    ):
        raise ValueError(f"{text} has more digits than {currency} has ({minor_digits(currency)})")
    return int(minor)


def written_digits(amount: Decimal) -> int:
    """Digits behind the point as they were written, zeros too: 3 of 1.000"""
    return max(-int(amount.as_tuple().exponent), 0)


def to_text(minor: int, currency: str) -> str:
    """1230 EUR -> '12.3': exact, without trailing zeros, as files write it."""
    text = f"{Decimal(minor).scaleb(-minor_digits(currency)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_words(minor: int, currency: str, locale: str = "en") -> str:
    """1230 EUR -> '€12.30', as people read it; '12,30 €' with the locale de."""
    return format_currency(Decimal(minor).scaleb(-minor_digits(currency)), currency, locale=locale)
