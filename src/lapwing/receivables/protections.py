"""What an account's hold and its promise to pay are now: as marks that pages carry, and their comparison with what is
there. One that is replaced or ended is the one that the person saw.
"""

from lapwing.core.errors import Refused
from lapwing.core.marks import mark
from lapwing.core.money import to_words
from lapwing.receivables.models import Account


def hold_seen_as(account: Account) -> str:
    """Another mark after every change of the hold; one of its own where there is none."""
    return mark([account.on_hold_until, account.hold_reason])


def promise_seen_as(account: Account) -> str:
    return mark([account.promise_until, account.promise_minor])


def refuse_other_hold(account: Account, seen: str | None) -> None:
    """Raises Refused `edited_meanwhile` where the hold is not the one that was seen; None was not looked at."""
    if seen is not None and seen != hold_seen_as(account):
        raise _edited(account, "hold", f"until {account.on_hold_until}" if account.on_hold_until else "none")


def refuse_other_promise(account: Account, seen: str | None) -> None:
    """The same of the promise to pay."""
    if seen is not None and seen != promise_seen_as(account):
        there = "none"
        if account.promise_until:
            there = f"{to_words(account.promise_minor or 0, account.currency)} until {account.promise_until}"
        raise _edited(account, "promise to pay", there)


def _edited(account: Account, what: str, there: str) -> Refused:
    return Refused(
        "edited_meanwhile",
        f"the {what} of account {account.number} was changed meanwhile, it is now {there}; nothing was done: "
        "look at it as it is now",
    )
