"""Changes the organisation's settings: its name, zone, currency and country, the default brake, the tolerance."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Invalid, Problem
from lapwing.core.money import known_currency, to_minor
from lapwing.identity.holiday_calendar import has_holidays
from lapwing.identity.models import Organisation
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require
from lapwing.identity.settings import refuse_other, settings_of

LONGEST_NAME = 200
MOST_AFFECTED = 10**9


@transaction.atomic
def set_organisation(
    *,
    name: str | None = None,
    time_zone: str | None = None,
    currency: str | None = None,
    country: str | None = None,
    max_affected: int | str | None = None,
    max_affected_percent: str | None = None,
    tolerance: dict[str, str] | None = None,
    seen: str | None = None,
) -> Organisation:
    """What is None stays as it is. `tolerance` is decimal text by currency; 0 takes one away. An instant that a run is
    planned for stays when the zone changes; the next ones follow the new zone. `seen` is the mark of the settings
    that the person looked at (`seen_as`).

    Raises Refused `not_permitted`, `edited_meanwhile`; Invalid `bad_settings`, which names every wrong setting
    (`bad_name`, `unknown_time_zone`, `unknown_currency`, `unknown_country`, `bad_number`, `bad_percent`, `bad_amount`).
    """
    require(Permission.ADMINISTER)
    organisation()
    own = Organisation.objects.select_for_update().get(pk=1)
    if seen is not None:
        refuse_other(own, seen)
    before = settings_of(own)
    given = {
        "name": name,
        "time_zone": time_zone,
        "currency": currency,
        "country": country,
        "max_affected": max_affected,
        "max_affected_percent": max_affected_percent,
    }
    problems: list[Problem] = []
    for field, value in given.items():
        if value is not None:
            _set(field, lambda field=field, value=value: setattr(own, field, READ[field](value)), problems)
    for code, amount in (tolerance or {}).items():
        _set(
            f"tolerance.{code}", lambda code=code, amount=amount: _set_tolerance(own, code, amount), problems
        )
    if problems:
        raise Invalid("bad_settings", "the settings are refused", problems)
    if settings_of(own) != before:
        own.save()
        record("organisation.set", kind="organisation", subject_id=1, before=before, after=settings_of(own))
    return own


class _Wrong(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _set(field: str, change: Callable[[], None], problems: list[Problem]) -> None:
    try:
        change()
    except _Wrong as wrong:
        problems.append(Problem(field, wrong.message, wrong.code))


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise _Wrong("bad_name", f"a name is one line of at most {LONGEST_NAME} characters")
    return text.strip()


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise _Wrong("unknown_time_zone", f"{text[:40]!r} is no time zone; try Europe/London")
    return text


def _currency(text: str) -> str:
    if not (text.isascii() and known_currency(text)):
        raise _Wrong("unknown_currency", f"{text[:20]!r} is no currency; write its three letters, like EUR")
    return text


def _country(text: str) -> str:
    if text and not has_holidays(text):
        raise _Wrong("unknown_country", f"{text[:20]!r} is no country code with holidays; try GB")
    return text


def _count(value: int | str) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= MOST_AFFECTED):
        raise _Wrong("bad_number", f"expected a whole number from 0 to {MOST_AFFECTED:,}, not {text[:20]!r}")
    return int(text)


def _percent(text: str) -> Decimal:
    try:
        percent = round(Decimal(text), 2)
    except InvalidOperation:
        percent = Decimal(-1)
    if percent.is_nan() or not 0 <= percent <= 100:
        raise _Wrong("bad_percent", f"a percentage is a number from 0 to 100, not {text[:20]!r}")
    return percent


def _set_tolerance(own: Organisation, currency: str, amount: str) -> None:
    minor = _tolerance(_currency(currency), amount)
    others = {code: each for code, each in own.tolerance_minor.items() if code != currency}
    own.tolerance_minor = {**others, currency: minor} if minor else others


def _tolerance(currency: str, amount: str) -> int:
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise _Wrong("bad_amount", str(error)) from None
    if minor < 0:
        raise _Wrong("bad_amount", f"a tolerance is zero or more, not {amount}")
    return minor


READ: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "time_zone": _time_zone,
    "currency": _currency,
    "country": _country,
    "max_affected": _count,
    "max_affected_percent": _percent,
}
