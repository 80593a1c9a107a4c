"""Ends an account's hold."""

from django.db import transaction

from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account
from lapwing.receivables.queries import locked_account


@transaction.atomic
def release_account(number: str) -> Account:
    """An account that is not on hold stays as it is. A promise to pay is not touched."""
    require(Permission.CHANGE_ACCOUNTS)
    return change_account(locked_account(number), "account.release", "", on_hold_until=None, hold_reason="")
