"""Keeps this process's leases alive from a thread of its own, and stops waiting for what never comes back."""

import logging
import os
import threading

from django.db import connection

from lapwing.core.sql import execute
from lapwing.jobs.claim import LEASE_S
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.executor import Executor
from lapwing.jobs.lease import RENEW_EVERY_S, renew
from lapwing.jobs.machine_time import now_sql
from lapwing.jobs.outcomes import Retry
from lapwing.jobs.running import Running
from lapwing.jobs.states import OUTCOME_UNKNOWN
from lapwing.jobs.types import type_of

log = logging.getLogger("lapwing.jobs")
STUCK = 70  # exit code of a process whose database work never returned
CALLS_ABANDONED_AT_MOST = 50
WATCH_EVERY_S = 1.0


class Heartbeat:
    """Renews the leases of what `executor` runs; tells that the worker lives."""

    def __init__(
        self, token: str, executor: Executor, *, lease_s: float = LEASE_S, every_s: float = RENEW_EVERY_S
    ) -> None:
        self._token, self._executor = token, executor
        self._lease_s, self._every_s = lease_s, every_s
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, daemon=True, name="heartbeat"),
            threading.Thread(target=self._watch, daemon=True, name="watchdog"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.beat()
            except Exception as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)
                connection.close()
        connection.close()

    def beat(self) -> None:
        with self._executor.lock:
            running = list(self._executor.running.values())
        overdue = [each for each in running if each.calling and each.overdue]
        kept = {each.job.id: each for each in running if each not in overdue}
        for pk, cancel_asked in renew(self._token, kept, lease_s=self._lease_s).items():
            # What may have been done already is asked about first, cancelled or not.
            kept[pk].cancel_asked = cancel_asked and not kept[pk].job.doubtful
        execute(f"UPDATE jobs_worker SET seen_at = {now_sql()} WHERE token = %s", [self._token])
        self._give_up(overdue)

    def _watch(self) -> None:
        """Without a database: what never returns may hold the lock that a renewal waits for."""
        while not self._stop.wait(min(self._every_s, WATCH_EVERY_S)):
            at = self._executor.at
            if at and at.overdue:
                log.error("job %d (%s) never returned; this process ends", at.job.id, at.job.type)
                os._exit(STUCK)

    def _give_up(self, overdue: list[Running]) -> None:
        for running in overdue:
            job = running.job
            limit_s = type_of(job).time_limit_s
            text = f"it ran longer than its limit of {limit_s:g} s and was not waited for any more"
            if conclude([ending(job, Retry(OUTCOME_UNKNOWN, text))]):
                self._executor.abandon(job)
        if len(self._executor.abandoned) > CALLS_ABANDONED_AT_MOST:
            log.error("%d calls never returned; this process ends", len(self._executor.abandoned))
            os._exit(STUCK)
