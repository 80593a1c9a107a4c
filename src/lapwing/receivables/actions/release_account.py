"""Ends an account's hold."""

from django.db import transaction

from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account
from lapwing.receivables.protections import refuse_other_hold
from lapwing.receivables.queries import locked_account


@transaction.atomic
def release_account(number: str, *, seen: str | None = None) -> Account:
    """An account that is not on hold stays as it is. A promise to pay is not touched. `seen` is the mark of the hold
    that the person looked at (`hold_seen_as`). Raises Refused `unknown_account`, `edited_meanwhile`.
    """
    require(Permission.CHANGE_ACCOUNTS)
    account = locked_account(number)
    refuse_other_hold(account, seen)
    return change_account(account, "account.release", "", on_hold_until=None, hold_reason="")
