"""Ends a customer's promise to pay before its day: it was broken, or taken back."""

from django.db import transaction

from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account
from lapwing.receivables.protections import refuse_other_promise
from lapwing.receivables.queries import locked_account


@transaction.atomic
def end_promise(number: str, *, reason: str = "", seen: str | None = None) -> Account:
    """From then on the debt protects nothing any more. An account without a promise stays as it is; a hold is not
    touched. `seen` is the mark of the promise that the person looked at (`promise_seen_as`). Raises Refused
    `unknown_account`, `edited_meanwhile`.
    """
    require(Permission.CHANGE_ACCOUNTS)
    account = locked_account(number)
    refuse_other_promise(account, seen)
    return change_account(account, "account.end_promise", reason, promise_until=None, promise_minor=None)
