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
from itertools import count, groupby
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from lapwing.core.context import acting_as
from lapwing.core.failpoints import failpoint
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.lease import give_back, lock_held
from lapwing.jobs.lost_database import RECONNECT_AFTER_S, wait_for_database, was_lost
from lapwing.jobs.outcomes import (
    Cancelled,
    Outcome,
    OutcomeUnknown,
    PermanentError,
    Succeeded,
    TransientError,
    outcome_of,
)
from lapwing.jobs.running import Running
from lapwing.jobs.types import DatabaseType, HeldJob, JobType, OutsideType, SetType, type_of

log = logging.getLogger("lapwing.jobs")
Decide = Callable[[Sequence[HeldJob]], Mapping[int, Outcome]]
Broken = Callable[[BaseException, int], Outcome | None]  # an error, and how often it was met
STORE_TRIES = 5
BROKEN_OFF = (Exception, SystemExit)  # a handler that wants to leave the process has failed


class LeaseLost(RuntimeError):
    """Some of these jobs are not held any more; what was written for them is rolled back."""


@dataclass(frozen=True)
class Answer:
    """What a call came back with: a value, or the exception it raised."""

    job: HeldJob
    intent: Any
    value: Any


def _undone(error: BaseException, _times: int) -> Outcome | None:
    """What was written for the job is rolled back, and nothing else was done for it."""
    return outcome_of(error)


def _unstored(error: BaseException, times: int) -> Outcome | None:
    """What another system answered cannot be written down. None: try again; in the end nobody knows any more what came
    of it, which the next attempt asks.
    """
    if isinstance(error, OperationalError | InterfaceError) and times < STORE_TRIES:
        return None
    if isinstance(error, TransientError | PermanentError | OutcomeUnknown):
        return error.outcome
    return OutcomeUnknown(f"the answer could not be stored: {outcome_of(error).text}"[:2000]).outcome


class Executor:
    """One per process. `running` is shared with the heartbeat; its lock is held for moments only."""

    def __init__(self) -> None:
        self.running: dict[tuple[int, int], Running] = {}  # by attempt
        self.at: Running | None = None  # what this thread itself works on; it must come back from it
        self.lock = threading.Lock()
        self.answered = threading.Event()  # somebody should flush
        self.abandoned: set[tuple[int, int]] = set()  # attempts whose calls did not come back
        self.stopping: Callable[[], bool] = lambda: False
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()

    def begin(self, jobs: Sequence[HeldJob]) -> None:
        """Does database work at once; starts calls and returns without waiting for them. Told to stop, it gives back
        what it has not begun.
        """
        self.hold(jobs)
        try:
            for _, group in groupby(sorted(jobs, key=lambda job: job.type), key=lambda job: job.type):
                some = list(group)
                if self.stopping():
                    give_back(some)
                else:
                    self._begin_type(type_of(some[0]), some)
        finally:
            self.at = None
            self.release([job for job in jobs if not self._is_called(job)])

    def flush(self) -> int:
        """Ends the attempts whose calls came back; returns how many came."""
        self.answered.clear()
        answers = []
        while not self._answers.empty():
            answers.append(self._answers.get())
        in_time = [answer for answer in answers if answer.job.key not in self.abandoned]
        self.abandoned -= {answer.job.key for answer in answers}
        try:
            for _, group in groupby(sorted(in_time, key=_type_name), key=_type_name):
                self._settle(list(group))
        finally:
            self.at = None
            self.release([answer.job for answer in answers])
        return len(answers)

    def calls(self) -> Counter[str]:
        """Calls under way, by lane."""
        with self.lock:
            return Counter(running.job.lane for running in self.running.values() if running.is_begun)

    def finish(self) -> None:
        """Waits for all calls and ends them."""
        while self.calls():
            self.answered.wait(0.05)
            self.flush()

    def hold(self, jobs: Sequence[HeldJob]) -> None:
        """From now on their leases are renewed."""
        with self.lock:
            self.running.update({job.key: Running(job) for job in jobs})

    def release(self, jobs: Sequence[HeldJob]) -> None:
        with self.lock:
            for job in jobs:
                self.running.pop(job.key, None)

    def abandon(self, job: HeldJob) -> None:
        """A call that takes longer than its limit is not waited for; its answer comes too late."""
        with self.lock:
            if self.running.pop(job.key, None):
                self.abandoned.add(job.key)

    def _is_called(self, job: HeldJob) -> bool:
        with self.lock:
            return job.key in self.running and self.running[job.key].is_begun

    def _begin_type(self, job_type: JobType, jobs: list[HeldJob]) -> None:
        if isinstance(job_type, OutsideType):
            self._prepare(job_type, jobs)
        elif isinstance(job_type, SetType):
            self._end(jobs, self._perform_many)
        else:
            self._end(jobs, self._perform_each)
        self.release([job for job in jobs if not self._is_called(job)])

    def _perform_each(self, jobs: Sequence[HeldJob]) -> dict[int, Outcome]:
        ended = {}
        for job in jobs:
            self._is_at(job)
            job_type = type_of(job)
            assert isinstance(job_type, DatabaseType)
            with acting_as(job.requested_by):
                ended[job.id] = job_type.perform(job) or Succeeded()
        return ended

    def _perform_many(self, jobs: Sequence[HeldJob]) -> dict[int, Outcome]:
        self._is_at(jobs[0])
        job_type = type_of(jobs[0])
        assert isinstance(job_type, SetType)
        return {job.id: Succeeded() for job in jobs} | dict(job_type.perform_many(jobs))

    def _is_at(self, job: HeldJob) -> None:
        self.at = Running(job)
        self.at.begin()

    def _prepare(self, job_type: OutsideType, jobs: list[HeldJob]) -> None:
        intents: dict[int, Any] = {}

        def decide(some: Sequence[HeldJob]) -> dict[int, Outcome]:
            ended = {}
            for job in some:
                self._is_at(job)
                with acting_as(job.requested_by):
                    prepared = job_type.prepare(job)
                if isinstance(prepared, Outcome):
                    ended[job.id] = prepared
                else:
                    intents[job.id] = prepared
            return ended

        left = self._end(jobs, decide)
        failpoint("jobs.outside.after_prepare")
        for job in (job for job in left if job.id in intents):
            running = self.running[job.key]
            running.begin()
            running.calling = True
            threading.Thread(
                target=self._call, args=(job_type, running, intents[job.id]), daemon=True
            ).start()

    def _call(self, job_type: OutsideType, running: Running, intent: Any) -> None:
        job, value = running.job, None
        try:
            failpoint("jobs.outside.before_call")
            value = Cancelled() if running.cancel_asked else job_type.call(job, intent, running.must_end_by)
            failpoint("jobs.outside.after_call")
        except BaseException as error:  # also one that would end the thread: its answer is waited for
            value = error if isinstance(error, Exception) else RuntimeError(repr(error))
        running.calling = False
        self._answers.put(Answer(job, intent, value))
        self.answered.set()

    def _settle(self, answers: list[Answer]) -> None:
        by_attempt = {answer.job.key: answer for answer in answers}

        def decide(some: Sequence[HeldJob]) -> dict[int, Outcome]:
            ended = {}
            for job in some:
                self._is_at(job)
                ended[job.id] = _settled(by_attempt[job.key])
            return ended

        self._end([answer.job for answer in answers], decide, broken=_unstored)

    def _end(self, jobs: Sequence[HeldJob], decide: Decide, *, broken: Broken = _undone) -> list[HeldJob]:
        """Ends jobs as `decide` says, all in one transaction or, where that fails, each in its own. Returns those
        that are still held because nothing was decided about them.
        """
        try:
            return self._together(jobs, decide)
        except BROKEN_OFF as error:
            if was_lost(error):
                self._wait_for_database()
            elif len(jobs) > 1 and not isinstance(error, LeaseLost):
                log.info("chunk of %d jobs is done one by one: %s", len(jobs), type(error).__name__)
        left = []
        for job in jobs:
            left += self._alone(job, decide, broken)
        return left

    def _together(self, jobs: Sequence[HeldJob], decide: Decide) -> list[HeldJob]:
        """What waits for a lock or a commit afterwards is not the last job's own time."""

        def timed(some: Sequence[HeldJob]) -> Mapping[int, Outcome]:
            try:
                return decide(some)
            finally:
                self.at = None

        return _together(jobs, timed)

    def _alone(self, job: HeldJob, decide: Decide, broken: Broken) -> list[HeldJob]:
        for times in count(1):
            try:
                return self._together([job], decide)
            except LeaseLost:
                log.warning(
                    "job %d, attempt %d: the lease was lost; nothing was written", job.id, job.attempt
                )
                return []
            except BROKEN_OFF as error:
                if was_lost(error):
                    self._wait_for_database()
                elif outcome := broken(error, times):
                    return self._alone_ends(job, outcome)
                else:
                    log.warning("job %d: its answer cannot be stored, trying again: %s", job.id, error)
                    self.at = None
                    time.sleep(RECONNECT_AFTER_S)
        raise AssertionError("unreachable")

    def _alone_ends(self, job: HeldJob, outcome: Outcome) -> list[HeldJob]:
        """An ending that cannot be written now holds up everything else."""
        while True:
            try:
                conclude([ending(job, outcome)])
                return []
            except (OperationalError, InterfaceError) as error:
                log.warning("job %d cannot be ended, trying again: %s", job.id, type(error).__name__)
                time.sleep(RECONNECT_AFTER_S)
                self._wait_for_database()

    def _wait_for_database(self) -> None:
        self.at = None  # the wait is no job's own time
        wait_for_database()


def _type_name(answer: Answer) -> str:
    return answer.job.type


def _settled(answer: Answer) -> Outcome:
    if isinstance(answer.value, Outcome):
        return answer.value
    job_type = type_of(answer.job)
    assert isinstance(job_type, OutsideType)
    with acting_as(answer.job.requested_by):
        if isinstance(answer.value, Exception):
            return job_type.settle_failure(answer.job, answer.intent, answer.value)
        return job_type.settle(answer.job, answer.intent, answer.value) or Succeeded()


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
