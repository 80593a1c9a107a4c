"""Carries out claimed jobs in this process: database work here, calls to other systems in threads without a database.

Whatever an attempt writes is in one transaction with its ending, and that ending is guarded: whoever lost his lease
rolls back. After a commit whose answer was lost, what became of it is read; nothing is repeated blindly.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction

from lapwing.core.context import acting_as
from lapwing.core.failpoints import failpoint
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.lease import lock_held
from lapwing.jobs.outcomes import Cancelled, Outcome, Succeeded, outcome_of
from lapwing.jobs.types import DatabaseType, HeldJob, JobType, OutsideType, SetType, job_types

log = logging.getLogger("lapwing.jobs")
Decide = Callable[[Sequence[HeldJob]], Mapping[int, Outcome]]
RECONNECT_AFTER_S = 1.0


class LeaseLost(RuntimeError):
    """Some of these jobs are not held any more; what was written for them is rolled back."""


@dataclass(frozen=True)
class Answer:
    """What a call came back with: a value, or the exception it raised."""

    job: HeldJob
    intent: Any
    value: Any


@dataclass
class Running:
    """A job that this process works on, for its heartbeat."""

    job: HeldJob
    since: float  # time.monotonic()
    limit_s: float
    calling: bool = False
    cancel_asked: bool = False

    @property
    def overdue(self) -> bool:
        return time.monotonic() - self.since > self.limit_s


class Executor:
    """One per process. `running` is shared with the heartbeat; its lock is held for moments only."""

    def __init__(self) -> None:
        self.running: dict[int, Running] = {}
        self.lock = threading.Lock()
        self.answered = threading.Event()  # somebody should flush
        self.abandoned = 0  # calls that never came back
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()

    def begin(self, jobs: Sequence[HeldJob]) -> None:
        """Does database work at once; starts calls and returns without waiting for them."""
        self._note(jobs)
        for name, group in groupby(sorted(jobs, key=lambda job: job.type), key=lambda job: job.type):
            self._begin_type(job_types.get(name), list(group))

    def flush(self) -> int:
        """Ends the attempts whose calls came back; returns how many came."""
        self.answered.clear()
        answers = []
        while not self._answers.empty():
            answers.append(self._answers.get())
        for name, group in groupby(sorted(answers, key=_type_of), key=_type_of):
            self._settle(job_types.get(name), list(group))
        return len(answers)

    def calls(self) -> Counter[str]:
        """Calls under way, by lane."""
        with self.lock:
            return Counter(running.job.lane for running in self.running.values() if running.calling)

    def finish(self) -> None:
        """Waits for all calls and ends them."""
        while self.running:
            self.answered.wait(0.05)
            self.flush()

    def abandon(self, job: HeldJob) -> None:
        """A call that takes longer than its limit is not waited for; its answer comes too late."""
        with self.lock:
            if self.running.pop(job.id, None):
                self.abandoned += 1

    def _note(self, jobs: Sequence[HeldJob]) -> None:
        now = time.monotonic()
        with self.lock:
            for job in jobs:
                self.running[job.id] = Running(job, now, job_types.get(job.type).time_limit_s)

    def _forget(self, jobs: Sequence[HeldJob]) -> None:
        with self.lock:
            for job in jobs:
                self.running.pop(job.id, None)

    def _begin_type(self, job_type: JobType, jobs: list[HeldJob]) -> None:
        if isinstance(job_type, OutsideType):
            self._prepare(job_type, jobs)
            return
        self._start_clock(jobs)
        self._end(jobs, _decider(job_type))
        self._forget(jobs)

    def _start_clock(self, jobs: Sequence[HeldJob]) -> None:
        """A job's limit counts from when its own chunk begins."""
        now = time.monotonic()
        with self.lock:
            for job in jobs:
                if running := self.running.get(job.id):
                    running.since = now

    def _prepare(self, job_type: OutsideType, jobs: list[HeldJob]) -> None:
        intents: dict[int, Any] = {}

        def decide(some: Sequence[HeldJob]) -> dict[int, Outcome]:
            ended = {}
            for job in some:
                prepared = job_type.prepare(job)
                if isinstance(prepared, Outcome):
                    ended[job.id] = prepared
                else:
                    intents[job.id] = prepared
            return ended

        left = self._end(jobs, decide)
        failpoint("jobs.outside.after_prepare")
        to_call = [job for job in left if job.id in intents]
        self._forget([job for job in jobs if job not in to_call])
        for job in to_call:
            with self.lock:
                self.running[job.id].calling = True
            threading.Thread(target=self._call, args=(job_type, job, intents[job.id]), daemon=True).start()

    def _call(self, job_type: OutsideType, job: HeldJob, intent: Any) -> None:
        running = self.running.get(job.id)
        if running is None or running.overdue:
            return
        value: Any
        try:
            failpoint("jobs.outside.before_call")
            value = (
                Cancelled()
                if running.cancel_asked
                else job_type.call(job, intent, running.since + running.limit_s)
            )
            failpoint("jobs.outside.after_call")
        except Exception as error:
            value = error
        self._answers.put(Answer(job, intent, value))
        self.answered.set()

    def _settle(self, job_type: JobType, answers: list[Answer]) -> None:
        assert isinstance(job_type, OutsideType)
        by_id = {answer.job.id: answer for answer in answers}

        def decide(some: Sequence[HeldJob]) -> dict[int, Outcome]:
            return {job.id: _settled(job_type, by_id[job.id]) for job in some}

        jobs = [answer.job for answer in answers]
        self._end(jobs, decide)
        self._forget(jobs)

    def _end(self, jobs: Sequence[HeldJob], decide: Decide) -> list[HeldJob]:
        """Ends jobs as `decide` says, all in one transaction or, where that fails, each in its own. Returns those
        that are still held because nothing was decided about them.
        """
        try:
            return _together(jobs, decide)
        except Exception as error:
            if _lost_connection(error):
                _reconnect()
            elif len(jobs) > 1 and not isinstance(error, LeaseLost):
                log.info("chunk of %d jobs is done one by one: %s", len(jobs), type(error).__name__)
        left = []
        for job in jobs:
            left += self._alone(job, decide)
        return left

    def _alone(self, job: HeldJob, decide: Decide) -> list[HeldJob]:
        while True:
            try:
                return _together([job], decide)
            except LeaseLost:
                log.warning(
                    "job %d, attempt %d: the lease was lost; nothing was written", job.id, job.attempt
                )
                return []
            except Exception as error:
                if _lost_connection(error):
                    _reconnect()
                    continue
                outcome = outcome_of(error)
            return self._alone_ends(job, outcome)

    def _alone_ends(self, job: HeldJob, outcome: Outcome) -> list[HeldJob]:
        while True:
            try:
                conclude([ending(job, outcome)])
                return []
            except (OperationalError, InterfaceError) as error:
                if not _lost_connection(error):
                    raise
                _reconnect()


def _type_of(answer: Answer) -> str:
    return answer.job.type


def _settled(job_type: OutsideType, answer: Answer) -> Outcome:
    if isinstance(answer.value, Outcome):
        return answer.value
    with acting_as(answer.job.requested_by):
        if isinstance(answer.value, Exception):
            return job_type.settle_failure(answer.job, answer.intent, answer.value)
        return job_type.settle(answer.job, answer.intent, answer.value) or Succeeded()


def _decider(job_type: JobType) -> Decide:
    def each(jobs: Sequence[HeldJob]) -> dict[int, Outcome]:
        assert isinstance(job_type, DatabaseType)
        ended = {}
        for job in jobs:
            with acting_as(job.requested_by):
                ended[job.id] = job_type.perform(job) or Succeeded()
        return ended

    def many(jobs: Sequence[HeldJob]) -> dict[int, Outcome]:
        assert isinstance(job_type, SetType)
        return {job.id: Succeeded() for job in jobs} | dict(job_type.perform_many(jobs))

    return many if isinstance(job_type, SetType) else each


def _together(jobs: Sequence[HeldJob], decide: Decide) -> list[HeldJob]:
    """Raises LeaseLost where one of them is not held any more; nothing is written then."""
    with transaction.atomic():
        ended = decide(jobs)
        endings = [ending(job, ended[job.id]) for job in jobs if job.id in ended]
        left = [job for job in jobs if job.id not in ended]
        failpoint("jobs.execute.before_conclude")
        if len(conclude(endings)) < len(endings) or len(lock_held(left)) < len(left):
            raise LeaseLost
        failpoint("jobs.execute.before_commit")
    failpoint("jobs.execute.after_commit")
    return left


def _lost_connection(error: BaseException) -> bool:
    """True where the database is away or cut the line; a deadlock or a lock that timed out is not that."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return connection.vendor == "postgresql" and not connection.is_usable()


def _reconnect() -> None:
    """Claims nothing and waits until the database answers again."""
    while True:
        connection.close()
        try:
            connection.ensure_connection()
            return
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away, trying again: %s", type(error).__name__)
            time.sleep(RECONNECT_AFTER_S)
