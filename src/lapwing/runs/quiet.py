"""Whether it is a quiet time for a definition now, and until when."""

from datetime import datetime

from lapwing.core import clock
from lapwing.identity.holiday_calendar import is_holiday
from lapwing.identity.queries import organisation
from lapwing.runs.definitions import latest, specification_of
from lapwing.runs.models import Definition
from lapwing.runs.quiet_times import QuietTimes, next_allowed


def allowed_at(quiet: QuietTimes | None, calendar: str) -> datetime:
    """The next instant outside the quiet times, now included. `calendar` is the country of the customers at hand,
    which counts where a definition goes by each customer's own holidays.
    """
    if quiet is None:
        return clock.now()
    own = organisation()
    country = {"organisation": own.country, "customer": calendar}.get(quiet.holidays or "", quiet.holidays)
    return next_allowed(quiet, clock.now(), own.zone, lambda day: bool(country) and is_holiday(country, day))


def quiet_until(definition: Definition) -> datetime | None:
    """The end of the present quiet time of the latest version; None outside of one."""
    allowed = allowed_at(specification_of(latest(definition)).quiet_times, "")
    return allowed if allowed > clock.now() else None
