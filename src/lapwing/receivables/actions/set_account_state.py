"""Suspends, terminates or reactivates an account."""

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.receivables.actions.change_account import change_account
from lapwing.receivables.models import Account, AccountState
from lapwing.receivables.queries import locked_account


@transaction.atomic
def set_account_state(number: str, state: str, *, reason: str = "") -> Account:
    """Raises Refused `unknown_state`, and `account_terminated` when leaving the last state."""
    require(Permission.CHANGE_ACCOUNTS)
    if state not in AccountState.values:
        raise Refused("unknown_state", f"an account is {', '.join(AccountState.values)}, not {state!r}")
    account = locked_account(number)
    if account.life_cycle_state == AccountState.TERMINATED != state:
        raise Refused("account_terminated", f"account {number} is terminated and stays so")
    return change_account(account, "account.state", reason, life_cycle_state=state)
