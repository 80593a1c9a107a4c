"""Amounts as people read them in tables: money of their currency instead of minor units."""

from typing import Any

from lapwing.core.money import to_words

MINOR = "_minor"


def is_amount(name: str) -> bool:
    return name == "minor" or name.endswith(MINOR)


def shown_name(name: str) -> str:
    """amount_minor -> amount"""
    return "amount" if name == "minor" else name.removesuffix(MINOR)


def in_words(record: dict[str, Any], currency: str = "") -> dict[str, Any]:
    """A record with each amount, also those further inside, as money; `currency` where the record names none."""
    currency = record.get("currency") or currency
    return {
        shown_name(name) if is_amount(name) else name: _amount(value, currency)
        if is_amount(name)
        else _inside(value, currency)
        for name, value in record.items()
    }


def _amount(value: Any, currency: str) -> Any:
    """An amount of the record's currency, or one each of several currencies."""
    if isinstance(value, dict):
        return ", ".join(to_words(minor, each) for each, minor in sorted(value.items()))
    return to_words(value, currency) if isinstance(value, int) and currency else value


def _inside(value: Any, currency: str) -> Any:
    if isinstance(value, dict):
        return in_words(value, currency)
    if isinstance(value, list):
        return [_inside(each, currency) for each in value]
    return value
