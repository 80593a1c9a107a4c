"""Puts an account on hold: no run disconnects it until the day has passed."""

from datetime import date

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account
from lapwing.receivables.protections import refuse_other_hold
from lapwing.receivables.queries import locked_account


@transaction.atomic
def hold_account(number: str, *, until: date, reason: str, seen: str | None = None) -> Account:
    """`until` is inclusive; a hold that is there is replaced. `seen` is the mark of the hold that the person looked at
    (`hold_seen_as`). Raises Refused `unknown_account`, `edited_meanwhile`, `in_the_past`, `reason_missing`.
    """
    require(Permission.CHANGE_ACCOUNTS)
    account = locked_account(number)
    refuse_other_hold(account, seen)
    if until < today():
        raise Refused("in_the_past", f"account {number} cannot be held until {until}: that day has passed")
    if not reason.strip():
        raise Refused("reason_missing", f"say why account {number} is put on hold: --reason TEXT")
    return change_account(account, "account.hold", reason, on_hold_until=until, hold_reason=reason)
