"""What the questions of an account's steps say of it."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from lapwing.backoffice.templatetags.lapwing import amount as money
from lapwing.backoffice.templatetags.lapwing import capped
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.core.sql import capped_count
from lapwing.identity.queries import today
from lapwing.receivables.models import Account
from lapwing.receivables.queries import balance_minor, outstanding_minor


def asks(words: Any) -> Callable[[Account], str]:
    """A question with the account's numbers and amounts in it."""
    return lambda account: words % _about(account)


def _about(account: Account) -> dict[str, Any]:
    return {
        "account": account.number,
        "customer": account.customer.name,
        "balance": money(balance_minor(account), account.currency),
        "outstanding": money(outstanding_minor(account, today()), account.currency),
        "subscriptions": capped(capped_count(account.subscriptions.all())),
        "hold": _hold(account),
        "promise": _promise(account),
    }


def _hold(account: Account) -> str:
    """Until when and why it is held."""
    if account.on_hold_until is None:
        return _("there is none")
    told = _("until %(day)s") % {"day": in_words(account.on_hold_until)}
    return f"{told}: {account.hold_reason}" if account.hold_reason else told


def _promise(account: Account) -> str:
    """How much was promised until when."""
    if account.promise_until is None:
        return _("there is none")
    return _("%(amount)s until %(day)s") % {
        "amount": money(account.promise_minor, account.currency),
        "day": in_words(account.promise_until),
    }
