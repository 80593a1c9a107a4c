"""What any worker or dispatcher does for all, now and then: take back what was lost, archive what has ended."""

import time

from lapwing.jobs.archive import sweep
from lapwing.jobs.rescue import rescue

RESCUE_EVERY_S = 5.0
SWEEP_EVERY_S = 60.0


class Chores:
    def __init__(self, *, rescue_every_s: float = RESCUE_EVERY_S) -> None:
        self._rescue_every_s = rescue_every_s
        self._rescued_at = self._swept_at = 0.0

    def do(self) -> None:
        """What is due of it."""
        now = time.monotonic()
        if now - self._rescued_at > self._rescue_every_s:
            self._rescued_at = now
            rescue()
        if now - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = now
            sweep()
