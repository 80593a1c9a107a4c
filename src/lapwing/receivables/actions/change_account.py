"""Writes new values into a locked account, with the audit entry; nothing where nothing changes."""

from datetime import date
from typing import Any

from lapwing.audit.actions.record import record
from lapwing.receivables.models import Account


def change_account(account: Account, action: str, reason: str, **values: Any) -> Account:
    before = {name: getattr(account, name) for name in values}
    if before == values:
        return account
    for name, value in values.items():
        setattr(account, name, value)
    account.save(update_fields=list(values))
    record(
        action,
        kind="account",
        subject_id=account.pk,
        subject=account.number,
        reason=reason,
        before=_plain(before),
        after=_plain(values),
    )
    return account


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
