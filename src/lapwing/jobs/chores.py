"""What any worker or dispatcher does for all, now and then: take back what was lost, archive what has ended."""

import logging
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from lapwing.jobs.archive import sweep
from lapwing.jobs.outlook import Outlook
from lapwing.jobs.rescue import rescue

log = logging.getLogger("lapwing.jobs")
RESCUE_EVERY_S = 5.0
SWEEP_EVERY_S = 600.0


class Chores:
    def __init__(self, *, rescue_every_s: float = RESCUE_EVERY_S) -> None:
        self._rescue_every_s = rescue_every_s
        self._rescued_at = self._swept_at = 0.0

    def do(self, found: Outlook) -> None:
        """What is due of it."""
        now = time.monotonic()
        if found.expired and now - self._rescued_at > self._rescue_every_s:
            self._rescued_at = now
            _try(rescue)
        if now - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = now
            _try(sweep)


def _try(chore: Callable[[], int]) -> None:
    """What goes wrong with it must not keep anybody from working."""
    try:
        chore()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.error("%s: %s", chore.__name__, " ".join(f"{type(error).__name__}: {error}".split())[:300])
