"""What all processes of the screens remember together for a short while: attempts that count, codes that were used.

A cache for Django, kept in the database. Unlike Django's own it stores JSON, which nobody can make run as code, and
forgets nothing before its time, so that nobody can push a count out.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import transaction

from lapwing.identity.models import Remembered

LONGEST_S = 86_400.0
SWEPT_AT_ONCE = 100


class SharedCache(BaseCache):
    """Keys with JSON values, each until its time is over; nothing stays longer than a day."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Of several at once one succeeds: the key is unique."""
        key = self.make_and_validate_key(key, version)
        Remembered.objects.filter(key=key, ends_at__lte=_now()).delete()
        wanted = {"value": value, "ends_at": self._end(timeout)}
        return Remembered.objects.get_or_create(key=key, defaults=wanted)[1]

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        key = self.make_and_validate_key(key, version)
        found = Remembered.objects.filter(key=key, ends_at__gt=_now()).values_list("value", flat=True)
        return next(iter(found), default)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        key = self.make_and_validate_key(key, version)
        Remembered.objects.bulk_create(
            [Remembered(key=key, value=value, ends_at=self._end(timeout))],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["value", "ends_at"],
        )
        _sweep()

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version)
        alive = Remembered.objects.filter(key=key, ends_at__gt=_now())
        return bool(alive.update(ends_at=self._end(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(Remembered.objects.filter(key=self.make_and_validate_key(key, version)).delete()[0])

    def clear(self) -> None:
        Remembered.objects.all().delete()

    def _end(self, timeout: Any) -> datetime:
        until = self.get_backend_timeout(timeout)
        latest = time.time() + LONGEST_S
        return datetime.fromtimestamp(latest if until is None else min(until, latest), UTC)


def _now() -> datetime:
    """Machine time: a clock that stands still in a sandbox must not keep anybody out."""
    return datetime.fromtimestamp(time.time(), UTC)


def _sweep() -> None:
    """Deletes some of what is over; what another process is deleting is left to it."""
    with transaction.atomic():
        over = Remembered.objects.select_for_update(skip_locked=True).filter(ends_at__lte=_now())
        _delete(over.values_list("pk", flat=True)[:SWEPT_AT_ONCE])


def _delete(keys: Iterable[int]) -> None:
    Remembered.objects.filter(pk__in=list(keys)).delete()
