"""Changes the organisation's settings: the default brake and the tolerance for overdue debt."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.core.money import known_currency, to_minor
from lapwing.identity.models import Organisation
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require


@transaction.atomic
def set_organisation(
    *,
    max_affected: int | None = None,
    max_affected_percent: str | None = None,
    tolerance: dict[str, str] | None = None,
) -> Organisation:
    """What is None stays as it is. `tolerance` is decimal text by currency; 0 takes one away.

    Raises Refused `bad_percent`, `bad_amount`, `unknown_currency`, `not_permitted`.
    """
    require(Permission.ADMINISTER)
    organisation()
    own = Organisation.objects.select_for_update().get(pk=1)
    before = _settings(own)
    if max_affected is not None:
        own.max_affected = max_affected
    if max_affected_percent is not None:
        own.max_affected_percent = _percent(max_affected_percent)
    for currency, amount in (tolerance or {}).items():
        own.tolerance_minor = {**own.tolerance_minor, currency: _tolerance(currency, amount)}
    own.tolerance_minor = {currency: minor for currency, minor in own.tolerance_minor.items() if minor}
    if _settings(own) != before:
        own.save()
        record("organisation.set", kind="organisation", subject_id=1, before=before, after=_settings(own))
    return own


def _settings(own: Organisation) -> dict[str, Any]:
    return {
        "max_affected": own.max_affected,
        "max_affected_percent": f"{Decimal(own.max_affected_percent).normalize():f}",
        "tolerance_minor": own.tolerance_minor,
    }


def _percent(text: str) -> Decimal:
    try:
        percent = round(Decimal(text), 2)
    except InvalidOperation:
        percent = Decimal(-1)
    if not 0 <= percent <= 100:
        raise Refused("bad_percent", f"a percentage is a number from 0 to 100, not {text[:20]!r}")
    return percent


def _tolerance(currency: str, amount: str) -> int:
    if not known_currency(currency):
        raise Refused("unknown_currency", f"{currency[:20]!r} is no currency; write it like EUR=5.00")
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise Refused("bad_amount", str(error)) from None
    if minor < 0:
        raise Refused("bad_amount", f"a tolerance is zero or more, not {amount}")
    return minor
