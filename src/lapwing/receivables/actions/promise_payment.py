"""Notes a customer's promise to pay: until that day no run disconnects the account."""

from datetime import date

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.amounts import positive_minor
from lapwing.receivables.models import Account
from lapwing.receivables.protections import refuse_other_promise
from lapwing.receivables.queries import locked_account


@transaction.atomic
def promise_payment(number: str, *, until: date, amount: str, seen: str | None = None) -> Account:
    """`until` is inclusive; `amount` is decimal text; a promise that is there is replaced. `seen` is the mark of the
    promise that the person looked at (`promise_seen_as`). Raises Refused `unknown_account`, `edited_meanwhile`,
    `in_the_past`, `bad_amount`.
    """
    require(Permission.CHANGE_ACCOUNTS)
    account = locked_account(number)
    refuse_other_promise(account, seen)
    if until < today():
        raise Refused(
            "in_the_past", f"a promise for account {number} cannot end on {until}: that day has passed"
        )
    minor = positive_minor(amount, account.currency)
    return change_account(account, "account.promise", "", promise_until=until, promise_minor=minor)
