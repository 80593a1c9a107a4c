"""Business time: dates, schedules, waits and validity. The only place that may be asked for it.

Machine time (rates, stamps of measurements) is not read here. A sandbox may let business time stand still at
an instant; whether this database is a sandbox is checked by the caller that sets it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_standing: datetime | None = None


def now() -> datetime:
    """The present instant of business time, aware, in UTC."""
    return _standing or datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The calendar date in the organisation's zone."""
    return now().astimezone(zone).date()


def is_standing() -> bool:
    """True in a sandbox whose clock was set: waiting for business time would never end."""
    return _standing is not None


def stand_at(instant: datetime | None) -> None:
    """Lets business time stand at an aware instant; None lets it run again."""
    global _standing
    if instant is not None and instant.tzinfo is None:
        raise ValueError("the instant at which business time stands needs a zone")
    _standing = instant.astimezone(UTC) if instant else None


@contextmanager
def standing_at(instant: datetime) -> Iterator[None]:
    """Business time stands at `instant` inside the block, for tests and replays."""
    before = _standing
    stand_at(instant)
    try:
        yield
    finally:
        stand_at(before)
