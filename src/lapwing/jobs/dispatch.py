"""Hands due jobs to a distributed engine, in chunks: claimed and committed first, then published.

A crash in between, or a message that is lost, is healed by the lease. Any number of dispatchers may run at once.
"""

import logging
import threading
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Count

from lapwing.core.failpoints import failpoint
from lapwing.jobs.chores import Chores
from lapwing.jobs.claim import Claimer, Wanted, new_token
from lapwing.jobs.engines.engine import Engine, EngineAway
from lapwing.jobs.health import live_workers
from lapwing.jobs.lease import take_back_dispatched
from lapwing.jobs.limits import claim_limited
from lapwing.jobs.models import Job
from lapwing.jobs.outlook import outlook
from lapwing.jobs.states import Status
from lapwing.jobs.types import ALONE, POOLS, HeldJob
from lapwing.jobs.waking import listen, stop_listening

log = logging.getLogger("lapwing.jobs")
CHUNK = {ALONE: 1, "run": 1, "outside": 16, "database": 500}
DISPATCH_LEASE_S = 45.0
POLL_S, BUSY_POLL_S = 1.0, 0.02
AWAY_S = 2.0
WORKERS_AT_LEAST = 2


class Dispatcher:
    """Keeps the engine fed, but not full, so that priorities, pauses and cancellations stay effective."""

    def __init__(self, engine: Engine, *, lease_s: float = DISPATCH_LEASE_S) -> None:
        self._engine, self._lease_s = engine, lease_s
        self._claimer = Claimer("", status=Status.DISPATCHED, lease_s=lease_s)
        self._chores = Chores()
        self._awake = threading.Event()
        self._under_way = True

    def run(self, *, stop: Callable[[], bool]) -> None:
        listen(self._awake)
        try:
            while not stop():
                self._awake.clear()
                self._awake.wait(self._turn_safely())
        finally:
            stop_listening(self._awake)

    def _turn_safely(self) -> float:
        """One round; returns how long to wait, in seconds."""
        try:
            return BUSY_POLL_S if self.dispatch() else POLL_S
        except EngineAway as error:
            log.warning("%s; the jobs wait in the ledger", error)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away, trying again: %s", type(error).__name__)
            connection.close()
        return AWAY_S

    def dispatch(self) -> bool:
        """Hands out what is due and fits; False where nothing is under way."""
        found = outlook()
        self._chores.do(found)
        if not found.due and not self._under_way:
            return False
        workers = max(live_workers(self._engine.name), WORKERS_AT_LEAST)
        waiting = dict(
            Job.objects.filter(status=Status.DISPATCHED).values_list("pool").annotate(Count("id")).order_by()
        )
        handed_out = False
        for pool in (pool for pool in (ALONE, *POOLS) if pool in found.due):
            for _ in range(max(2 * workers - waiting.get(pool, 0) // CHUNK[pool], 0)):
                full = _full_lanes(workers) if pool == "outside" else ()
                if not self._hand_out(Wanted(pool, full, found.due[pool]), limited_too=found.limited):
                    break
                handed_out = True
        self._under_way = bool(handed_out or waiting)
        return self._under_way

    def _hand_out(self, wanted: Wanted, *, limited_too: bool) -> bool:
        """A chunk of what nothing limits, and one of what is limited."""
        size = CHUNK[wanted.pool]
        handed_out = bool(self._publish(lambda: self._claimer.claim(wanted, size)))
        if limited_too:
            handed_out |= bool(self._publish(lambda: claim_limited(self._claimer, wanted, size)))
        return handed_out

    def _publish(self, claim: Callable[[], list[HeldJob]]) -> list[HeldJob]:
        """Claims a chunk under a token of its own and publishes it."""
        self._claimer.token = new_token()
        chunk = claim()
        if chunk:
            failpoint("jobs.dispatch.before_publish")
            try:
                self._engine.publish([job.id for job in chunk], self._claimer.token)
            except EngineAway:
                take_back_dispatched(self._claimer.token)
                raise
            failpoint("jobs.dispatch.after_publish")
        return chunk


def _full_lanes(workers: int) -> list[str]:
    """One slow system does not take more than three quarters of the workers."""
    most = max(1, workers * 3 // 4) * CHUNK["outside"]
    live = Job.objects.filter(pool="outside", status__in=(Status.DISPATCHED, Status.IN_PROGRESS))
    return [lane for lane, jobs in live.values_list("lane").annotate(Count("id")).order_by() if jobs >= most]
