"""Ends a customer's promise to pay before its day: it was broken, or taken back."""

from django.db import transaction

from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account
from lapwing.receivables.queries import locked_account


@transaction.atomic
def end_promise(number: str, *, reason: str = "") -> Account:
    """From then on the debt protects nothing any more. An account without a promise stays as it is; a hold is not
    touched. Raises Refused `unknown_account`.
    """
    require(Permission.CHANGE_ACCOUNTS)
    return change_account(
        locked_account(number), "account.end_promise", reason, promise_until=None, promise_minor=None
    )
