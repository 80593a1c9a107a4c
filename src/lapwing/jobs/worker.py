"""A worker on the database itself: claims, carries out, ends, again; and looks after what others left lying."""

import logging
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from lapwing.jobs.chores import RESCUE_EVERY_S, Chores
from lapwing.jobs.chunks import write_worker
from lapwing.jobs.claim import LEASE_S, Claimer, Wanted, new_token
from lapwing.jobs.executor import RECONNECT_AFTER_S, Executor
from lapwing.jobs.heartbeat import Heartbeat
from lapwing.jobs.lease import RENEW_EVERY_S, give_back
from lapwing.jobs.limits import Limits, claim_limited, limits
from lapwing.jobs.models import Worker
from lapwing.jobs.queries import POOLS, due_pools
from lapwing.jobs.types import HeldJob
from lapwing.jobs.waking import listen, stop_listening

log = logging.getLogger("lapwing.jobs")
POLL_S = 1.0
FLUSH_EVERY_S = 0.05
CHUNK_S = 0.5  # of database work that one claim takes
CHUNK_AT_MOST = 500
CALLS_AT_ONCE = 32
LIMITS_EVERY_S = 1.0


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
        self._heartbeat = Heartbeat(self.token, self._executor, lease_s=lease_s, every_s=renew_every_s)
        self._chunk, self._busy = 10, False
        self._limits, self._limits_at = Limits(()), 0.0
        self._chores = Chores(rescue_every_s=rescue_every_s)

    def run(self, *, stop: Callable[[], bool], until_idle: bool = False) -> None:
        """Works until told to stop or, with `until_idle`, until nothing is due; then ends in order."""
        awake = self._executor.answered
        listen(awake)
        write_worker(self.token, "local")
        self._heartbeat.start()
        try:
            while not stop():
                try:
                    worked = self._turn()
                except (OperationalError, InterfaceError) as error:
                    log.warning("the database is away, trying again: %s", type(error).__name__)
                    connection.close()
                    time.sleep(RECONNECT_AFTER_S)
                    continue
                if not worked:
                    if until_idle and not self._executor.running and not self._due():
                        break
                    awake.wait(FLUSH_EVERY_S if self._executor.running else POLL_S)
            self._executor.finish()
        finally:
            self._heartbeat.stop()
            stop_listening(awake)
            self._sign_off()

    def _turn(self) -> bool:
        """One round; False where nothing was there to do."""
        flushed = self._executor.flush()
        self._chores.do()
        pools = set(POOLS) if self._busy else self._due()
        claimed = [claim for pool in sorted(pools) for claim in self._claim(pool)]
        self._busy = bool(claimed or self._executor.running)
        return bool(flushed or claimed)

    def _due(self) -> set[str]:
        limited = self._current_limits()
        return due_pools(limited.paused("type"), limited.paused("lane"))

    def _claim(self, pool: str) -> list[HeldJob]:
        room = self._room(pool)
        if room < 1:
            return []
        limited = self._current_limits()
        full_lanes = [lane for lane, calls in self._executor.calls().items() if calls >= self._of_one_lane()]
        wanted = Wanted(pool, not_lanes=full_lanes if pool == "outside" else ())
        claimed = self._claimer.claim(limited.without(wanted), room)
        if limited.may_claim and len(claimed) < room:
            claimed += claim_limited(self._claimer, wanted, room - len(claimed))
        if not claimed and not self._executor.running:
            claimed = self._claim_alone(pool, limited)
        if claimed:
            self._carry_out(pool, claimed)
        return claimed

    def _claim_alone(self, pool: str, limited: Limits) -> list[HeldJob]:
        """A job whose worker died twice has no neighbours."""
        wanted = Wanted(pool, limited.paused("type"), limited.paused("lane"), alone=True)
        return self._claimer.claim(wanted, 1)

    def _carry_out(self, pool: str, jobs: list[HeldJob]) -> None:
        since = time.monotonic()
        self._executor.begin(jobs)
        if pool == "database":
            per_job_s = (time.monotonic() - since) / len(jobs)
            fitting = int(CHUNK_S / max(per_job_s, 1e-6))
            self._chunk = max(1, min(fitting, self._chunk * 4, self._chunk_at_most))

    def _room(self, pool: str) -> int:
        if pool == "outside":
            return self._calls_at_once - self._executor.calls().total()
        return 1 if pool == "run" else self._chunk

    def _of_one_lane(self) -> int:
        """One slow system does not take all the calls."""
        return max(1, self._calls_at_once * 3 // 4)

    def _current_limits(self) -> Limits:
        if time.monotonic() - self._limits_at > LIMITS_EVERY_S:
            self._limits, self._limits_at = limits(), time.monotonic()
        return self._limits

    def _sign_off(self) -> None:
        try:
            give_back([running.job for running in list(self._executor.running.values())])
            Worker.objects.filter(token=self.token).delete()
        except (OperationalError, InterfaceError):
            log.warning("the database is away; leases end by themselves")
