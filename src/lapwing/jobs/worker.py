"""A worker on the database itself: claims, carries out, ends, again; and looks after what others left lying."""

import logging
import time
from collections.abc import Callable
from functools import partial

from django.db import InterfaceError, OperationalError, connection

from lapwing.jobs.ahead import Ahead
from lapwing.jobs.chores import RESCUE_EVERY_S, Chores
from lapwing.jobs.claim import LEASE_S, Claimer, Wanted, new_token
from lapwing.jobs.executor import Executor
from lapwing.jobs.heartbeat import Heartbeat
from lapwing.jobs.lease import RENEW_EVERY_S
from lapwing.jobs.limits import claim_limited
from lapwing.jobs.lost_database import RECONNECT_AFTER_S
from lapwing.jobs.outlook import Outlook, due_pools, outlook
from lapwing.jobs.signing import sign_worker_off, sign_worker_on
from lapwing.jobs.types import ALONE, POOLS, PRIORITIES, HeldJob
from lapwing.jobs.waking import listen, stop_listening

log = logging.getLogger("lapwing.jobs")
POLL_S = 1.0
FLUSH_EVERY_S = 0.05
CHUNK_S = 0.5  # of database work that one claim takes
CHUNK_AT_MOST = 500
AHEAD_FROM = 50  # jobs a chunk; where fewer fit, another worker may be free for the next sooner than this one
CALLS_AT_ONCE = 32
ASK_EVERY_S = 0.25  # while there is work


class LocalWorker:
    """One process's worker. Several on one PostgreSQL share the ledger; on SQLite one is enough."""

    def __init__(
        self,
        *,
        calls_at_once: int = CALLS_AT_ONCE,
        lease_s: float = LEASE_S,
        renew_every_s: float = RENEW_EVERY_S,
        rescue_every_s: float = RESCUE_EVERY_S,
        chunk_at_most: int = CHUNK_AT_MOST,
    ) -> None:
        self.token = new_token()
        self._calls_at_once, self._chunk_at_most = calls_at_once, chunk_at_most
        self._claimer = Claimer(self.token, lease_s=lease_s)
        self._executor = Executor()
        self._ahead = Ahead(Claimer(self.token, lease_s=lease_s), self._executor)
        self._heartbeat = Heartbeat(self.token, self._executor, lease_s=lease_s, every_s=renew_every_s)
        self._chunk, self._busy = 10, False
        self._outlook = Outlook({}, limited=False, expired=False)
        self._asked_at, self._limited_first = 0.0, False
        self._chores = Chores(rescue_every_s=rescue_every_s)

    def run(self, *, stop: Callable[[], bool], until_idle: bool = False) -> None:
        """Works until told to stop or, with `until_idle`, until nothing is due; then ends in order."""
        awake = self._executor.answered
        self._executor.stopping = stop
        listen(awake)
        try:
            sign_worker_on(self.token, "local")
            self._heartbeat.start()
            while not stop():
                try:
                    worked = self._turn()
                except (OperationalError, InterfaceError) as error:
                    log.warning("the database is away, trying again: %s", type(error).__name__)
                    connection.close()
                    time.sleep(RECONNECT_AFTER_S)
                    continue
                if not worked:
                    if until_idle and not self._executor.calls() and not due_pools():
                        break
                    awake.wait(FLUSH_EVERY_S if self._executor.calls() else POLL_S)
            self._executor.finish()
        finally:
            self._heartbeat.stop()
            stop_listening(awake)
            self._sign_off()

    def _turn(self) -> bool:
        """One round; False where nothing was there to do."""
        flushed = self._executor.flush()
        self._look()
        self._chores.do(self._outlook)
        claimed = self._claim_alone() if ALONE in self._outlook.due else self._claim_shared()
        self._busy = bool(claimed or self._executor.running)
        return bool(flushed or claimed)

    def _look(self) -> None:
        """While there is work, what is due and whether anything is limited is asked now and then, not at each claim."""
        if not self._busy or time.monotonic() - self._asked_at > ASK_EVERY_S:
            self._outlook, self._asked_at = outlook(), time.monotonic()

    def _claim_alone(self) -> list[HeldJob]:
        """A job that runs alone waits for what is under way, and nothing else begins until it has ended."""
        if ahead := self._ahead.take():
            self._carry_out("database", ahead)
        if self._executor.calls():
            return ahead
        claimed = self._claim(ALONE)
        self._outlook.due.pop(ALONE)
        self._executor.finish()
        return claimed or self._claim_shared()

    def _claim_shared(self) -> list[HeldJob]:
        claimed = [job for pool in POOLS for job in self._claim_of(pool)]
        if not claimed:
            self._asked_at = 0.0  # what was due is gone; what is due now is asked before the next claim
        return claimed

    def _claim_of(self, pool: str) -> list[HeldJob]:
        if pool == "database" and (ahead := self._ahead.take()):
            self._carry_out(pool, ahead)
            return ahead
        return self._claim(pool) if pool in self._outlook.due else []

    def _claim(self, pool: str) -> list[HeldJob]:
        """What nothing limits and what is limited take turns in coming first, so that neither waits for the other's
        whole backlog.
        """
        room = self._room(pool)
        if room < 1:
            return []
        full = self._full_lanes() if pool == "outside" else ()
        claims = [self._claimer.claim, partial(claim_limited, self._claimer)][: 1 + self._outlook.limited]
        self._limited_first = not self._limited_first
        claimed: list[HeldJob] = []
        for claim in reversed(claims) if self._limited_first else claims:
            if len(claimed) < room:
                claimed += claim(Wanted(pool, full, self._outlook.due[pool]), room - len(claimed))
        if claimed:
            self._carry_out(pool, claimed)
        return claimed

    def _carry_out(self, pool: str, jobs: list[HeldJob]) -> None:
        if pool == "database" and len(jobs) >= AHEAD_FROM:
            self._ask_ahead()
        since = time.monotonic()
        self._executor.begin(jobs)
        if pool == "database":
            per_job_s = (time.monotonic() - since) / len(jobs)
            fitting = int(CHUNK_S / max(per_job_s, 1e-6))
            self._chunk = max(1, min(fitting, self._chunk * 4, self._chunk_at_most))

    def _ask_ahead(self) -> None:
        """Not where what is limited takes turns, or where a job waits until nothing else is under way."""
        found = self._outlook
        if not found.limited and ALONE not in found.due:
            self._ahead.ask(Wanted("database", (), found.due.get("database", PRIORITIES)), self._chunk)

    def _room(self, pool: str) -> int:
        if pool != "outside":
            return self._chunk if pool == "database" else 1
        calls = self._executor.calls()
        fullest = max((number for number in calls.values() if number < self._of_one_lane), default=0)
        return min(self._calls_at_once - calls.total(), self._of_one_lane - fullest)

    def _full_lanes(self) -> list[str]:
        return [lane for lane, calls in self._executor.calls().items() if calls >= self._of_one_lane]

    @property
    def _of_one_lane(self) -> int:
        """One slow system does not take all the calls."""
        return max(1, self._calls_at_once * 3 // 4)

    def _sign_off(self) -> None:
        try:
            self._ahead.close()
            sign_worker_off(self.token)
        except (OperationalError, InterfaceError):
            log.warning("the database is away; leases end by themselves")
