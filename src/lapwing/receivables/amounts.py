"""Amounts as people write them, checked against the account's currency."""

from lapwing.core.errors import Refused
from lapwing.core.money import to_minor


def positive_minor(amount: str, currency: str) -> int:
    """Minor units of decimal text. Raises Refused `bad_amount` for anything that is not above zero."""
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise Refused("bad_amount", str(error)) from None
    if minor <= 0:
        raise Refused("bad_amount", f"the amount must be above zero, found {amount}")
    return minor
