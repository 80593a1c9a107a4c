"""Random lives of jobs: after every step the ledger is what a few lines of plain Python say.

A life is forty steps drawn from its number. Each step draws what it is about by places in lists, so any part of a life
is a life as well: one that goes wrong is cut down to the steps that matter, which are printed and can be kept below.
LAPWING_TEST_DOSE=full lives ten times as many; LAPWING_TEST_SEED is the number of the first.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.core.sql import execute
from lapwing.jobs import outcomes
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.archive import sweep
from lapwing.jobs.claim import Claimer, Wanted, begin, new_token
from lapwing.jobs.lease import give_back, take_back_dispatched
from lapwing.jobs.machine_time import after_sql
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt
from lapwing.jobs.rescue import rescue
from lapwing.jobs.states import Status
from lapwing.jobs.types import HeldJob, job_types
from tests.conftest import NOON
from tests.jobs.conftest import ask, broken_invariants, end, expire

FULL = os.environ.get("LAPWING_TEST_DOSE") == "full"
LIVES = 85 * (10 if FULL else 1)
INVARIANTS_EVERY = 1 if FULL else 5  # steps
FIRST = int(os.environ.get("LAPWING_TEST_SEED", "0"))
STEPS_A_LIFE, DRAWN_A_LIFE = 40, 100
AT_LEAST = 20
OPEN = ("waiting", "dispatched", "in_progress", "retry")
KEYS = ("k1", "k2", "k3")
Taken = tuple[str, tuple[int, int, int]]


@dataclass
class Plain:
    """A job as the rules describe it."""

    type: str
    key: str
    priority: int
    due: datetime | int  # an instant of business time; in retry, a number in the order of machine time
    waits_for: dict["Plain", bool] = field(default_factory=dict)  # predecessor: whether any end will do
    status: str = "waiting"
    code: str = ""
    attempt: int = 0
    tries: int = 0
    deaths: int = 0
    asked: bool = False  # to be cancelled
    alone: bool = False
    doubtful: bool = False  # an attempt may have had its effect
    archived: bool = False
    blockers_when_archived: int | None = None  # nobody counts them any more
    pk: int = 0
    ended: list[str] = field(default_factory=list)

    __hash__ = object.__hash__

    @property
    def holds_key(self) -> bool:
        return bool(self.key) and (
            self.status in OPEN or (self.status, self.code) == ("failed", "needs_person")
        )

    @property
    def blockers(self) -> int:
        return len(self.waits_for) if self.blockers_when_archived is None else self.blockers_when_archived


class Rules:
    """The ledger in plain Python."""

    def __init__(self) -> None:
        self.jobs: list[Plain] = []
        self.now = NOON
        self.machine = 0

    def due(self, pool: str) -> list[Plain]:
        found = [job for job in self.jobs if not job.blockers and self.pool(job) == pool and self.is_due(job)]
        return sorted(
            found, key=lambda job: (job.priority, job.status == "retry", self._order(job.due), job.pk)
        )

    def is_due(self, job: Plain) -> bool:
        if job.status == "retry":
            return job.due <= self.machine
        return job.status == "waiting" and job.due <= self.now

    def _order(self, due: datetime | int) -> float:
        return due if isinstance(due, int) else due.timestamp()

    def pool(self, job: Plain) -> str:
        return "alone" if job.alone else {"book": "database", "tell": "outside"}[job.type]

    def end(self, job: Plain, outcome: str) -> None:
        """What an attempt that ended means for the job."""
        job.ended.append(outcome)
        unknown = outcome == "unknown" or (outcome == "lost" and job.type == "tell")
        job.doubtful = (job.doubtful or unknown) and outcome not in ("succeeded", "not_applicable", "failed")
        job.tries += outcome in ("retry", "unknown", "failed", "lost")
        job.deaths += outcome == "lost"
        if outcome == "later":
            job.tries = job.deaths = 0
        job.alone = job.deaths >= 2 or (job.alone and outcome != "later")
        job.code = {"unknown": "outcome_unknown", "lost": "worker_lost"}.get(outcome, outcome)
        if outcome in ("succeeded", "not_applicable", "failed"):
            self.close(job, outcome)
        elif outcome in ("retry", "unknown", "lost") and job.tries >= 6:
            job.code = "needs_person" if job.doubtful else job.code
            self.close(job, "failed")
        elif job.asked and not job.doubtful:
            job.code = "cancelled"
            self.close(job, "cancelled")
        elif outcome in ("later", "given_back"):
            job.status = "waiting"
            job.due = self.now + timedelta(days=1) if outcome == "later" else self.given_back(job)
        else:
            job.status = "retry"
            at_once = outcome == "lost" and job.deaths == 1
            self.machine += at_once
            job.due = self.machine if at_once else 10**6 + self.machine

    def given_back(self, job: Plain) -> datetime:
        """Its place among those that wait; what was in retry waits from now on."""
        return min(job.due, self.now) if isinstance(job.due, datetime) else self.now

    def close(self, job: Plain, status: str) -> None:
        job.status = status
        well = status in ("succeeded", "not_applicable")
        for other in self.jobs:
            if job in other.waits_for and (well or other.waits_for[job]):
                del other.waits_for[job]

    def key_holder(self, type_name: str, key: str) -> Plain | None:
        return next(
            (job for job in self.jobs if key and job.type == type_name and job.key == key and job.holds_key),
            None,
        )


@dataclass
class Held:
    """An attempt that somebody believes he holds."""

    job: Plain
    held: HeldJob

    @property
    def lost(self) -> bool:
        return self.job.status != "in_progress" or self.job.attempt != self.held.attempt


@dataclass
class Chunk:
    token: str
    jobs: list[Plain]


class Life:
    """Both worlds take each step side by side. A step that finds nothing to be about returns False."""

    def __init__(self) -> None:
        clock.stand_at(NOON)
        self.rules = Rules()
        self.held: list[Held] = []
        self.chunks: list[Chunk] = []
        self.counts: Counter[str] = Counter()
        self.compared = 0

    def take(self, name: str, places: tuple[int, int, int]) -> None:
        """Steps that cannot be taken now are left out."""
        if STEPS[name][1](self, *places) is not False:
            self.counts[name] += 1
            self.compare()
            time.sleep(0.001)  # machine time goes on

    # Asking

    def enqueue(self, a: int, b: int, c: int) -> None:
        self._enqueue(a, b, KEYS[c % 3] if c % 4 else "", {}, self.rules.now)

    def enqueue_scheduled(self, a: int, b: int, c: int) -> None:
        self._enqueue(a, b, "", {}, self.rules.now + timedelta(hours=1 + c % 30))

    def enqueue_after(self, a: int, b: int, c: int) -> bool | None:
        pool = [job for job in self.rules.jobs if job.status in OPEN]
        pool = pool or [
            job for job in self.rules.jobs if not (job.archived and job.status in ("failed", "cancelled"))
        ]
        if not pool:
            return False
        chosen = {pool[a % len(pool)], pool[b % len(pool)]}
        self._enqueue(a, b, "", dict.fromkeys(chosen, c % 3 == 0), self.rules.now)
        return None

    def _enqueue(self, a: int, b: int, key: str, after: dict[Plain, bool], due: datetime) -> None:
        type_name, priority = ("book", "book", "tell")[a % 3], (50, 10, 90)[b % 3]
        options: dict[str, Any] = {"parameters": {"file": "none"}} if type_name == "tell" else {}
        if after:
            options |= {"after": [job.pk for job in after], "at_any_end": any(after.values())}
        made = ask(type_name, key=key, priority=priority, scheduled_for=due, **options)
        if holder := self.rules.key_holder(type_name, key):
            assert made.pk == holder.pk, "another job got the key"
            self.counts["a key was held"] += 1
            return
        waits = {
            job: any_end
            for job, any_end in after.items()
            if job.status not in ("succeeded", "not_applicable") and not (any_end and job.status not in OPEN)
        }
        self.rules.jobs.append(Plain(type_name, key, priority, due, waits, pk=made.pk))

    # Taking

    def claim(self, a: int, b: int, c: int) -> bool | None:
        pool = self._pool(a, "database", "outside", "alone")
        limit = 1 if pool == "alone" else 1 + b % 4
        due = self.rules.due(pool)[:limit]
        claimed = Claimer(new_token()).claim(Wanted(pool), limit)
        assert [each.id for each in claimed] == [job.pk for job in due], "claimed"
        if not due:
            return False
        self.counts["claim: alone"] += pool == "alone"
        for job, held in zip(due, claimed, strict=True):
            self._begin(job, held)
        return None

    def _pool(self, place: int, *pools: str) -> str:
        """One that has something due, where there is one."""
        suited = [pool for pool in pools if self.rules.due(pool)] or pools
        return suited[place % len(suited)]

    def _begin(self, job: Plain, held: HeldJob) -> None:
        job.status, job.attempt = "in_progress", job.attempt + 1
        assert (held.attempt, held.tries, held.deaths) == (job.attempt, job.tries, job.deaths)
        self.held.append(Held(job, held))

    def dispatch(self, a: int, b: int, c: int) -> bool | None:
        pool, limit = self._pool(a, "database", "outside"), 1 + b % 4
        due = self.rules.due(pool)[:limit]
        claimer = Claimer(new_token(), status=Status.DISPATCHED)
        claimed = claimer.claim(Wanted(pool), limit)
        assert [each.id for each in claimed] == [job.pk for job in due], "dispatched"
        if not due:
            return False
        for job in due:
            job.status = "dispatched"
        self.chunks.append(Chunk(claimer.token, due))
        return None

    def message_arrives(self, a: int, b: int, c: int) -> bool | None:
        """Maybe for the second time, and maybe too late."""
        if not self.chunks:
            return False
        chunk = self.chunks[-1 - a % min(len(self.chunks), 2)]
        still = [job for job in chunk.jobs if self._is_under(job, chunk)]
        self.counts["a message came in vain"] += not still
        begun = begin([job.pk for job in chunk.jobs], chunk.token, new_token())
        assert sorted(each.id for each in begun) == sorted(job.pk for job in still), "begun"
        for held in begun:
            self._begin(next(job for job in still if job.pk == held.id), held)
        return None

    def _is_under(self, job: Plain, chunk: Chunk) -> bool:
        newest = next(each for each in reversed(self.chunks) if job in each.jobs)
        return job.status == "dispatched" and newest is chunk

    def publish_fails(self, a: int, b: int, c: int) -> bool | None:
        chunk = next(
            (each for each in self.chunks if any(self._is_under(job, each) for job in each.jobs)), None
        )
        if chunk is None:
            return False
        take_back_dispatched(chunk.token)
        self._wait_again([job for job in chunk.jobs if self._is_under(job, chunk)])
        return None

    def message_is_lost(self, a: int, b: int, c: int) -> bool | None:
        lost = [job for job in self.rules.jobs if job.status == "dispatched"]
        if not lost:
            return False
        expire(*(job.pk for job in lost))
        self._rescued(lost)
        return None

    def _wait_again(self, jobs: Sequence[Plain]) -> None:
        for job in jobs:
            job.status, job.due = "waiting", self.rules.given_back(job)

    # Ending

    def _end(self, place: int, name: str, outcome: Any) -> bool | None:
        holders = [each for each in self.held if not each.lost]
        if not holders:
            return False
        held = holders[place % len(holders)]
        assert end(held.held, outcome)
        self.rules.end(held.job, name)
        return None

    def succeed(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "succeeded", outcomes.Succeeded("", "succeeded"))

    def not_apply(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "not_applicable", outcomes.NotApplicable("not_applicable"))

    def retry(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "retry", outcomes.Retry("retry", after_s=3600))

    def fail(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "failed", outcomes.Failed("failed"))

    def answer_nothing(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "unknown", outcomes.Retry("outcome_unknown", after_s=3600))

    def fail_all_tries(self, a: int, b: int, c: int) -> bool | None:
        """Takes one job through what is left of its six."""
        holders = [each for each in self.held if not each.lost]
        if not holders:
            return False
        job = holders[a % len(holders)].job
        while job.status == "in_progress":
            held = next(each for each in self.held if each.job is job and not each.lost)
            outcome, name = (("outcome_unknown", "unknown"), ("retry", "retry"))[b % 2]
            assert end(held.held, outcomes.Retry(outcome, after_s=3600))
            self.rules.end(job, name)
            if job.status == "retry":
                self.delay_passes(self._retrying().index(job), 0, 0)
                while job.status == "retry":
                    pool = self.rules.pool(job)
                    for each, now_held in zip(
                        self.rules.due(pool), Claimer(new_token()).claim(Wanted(pool), 1), strict=False
                    ):
                        self._begin(each, now_held)
        return None

    def later(self, a: int, b: int, c: int) -> bool | None:
        return self._end(a, "later", outcomes.Later(clock.now() + timedelta(days=1), "later"))

    def give_back(self, a: int, b: int, c: int) -> bool | None:
        holders = [each for each in self.held if not each.lost]
        if not holders:
            return False
        held = holders[a % len(holders)]
        give_back([held.held])
        self.rules.end(held.job, "given_back")
        return None

    def come_late(self, a: int, b: int, c: int) -> bool | None:
        """Whoever lost the job ends it in some way."""
        late = [each for each in self.held if each.lost]
        if not late:
            return False
        outcome = (
            outcomes.Succeeded(),
            outcomes.Failed("late"),
            outcomes.Retry("late"),
            outcomes.GivenBack(),
        )[b % 4]
        assert not end(late[-1 - a % min(len(late), 4)].held, outcome), "a late ending was written"
        return None

    # Losing

    def crash(self, a: int, b: int, c: int) -> bool | None:
        """Holders are gone; their leases end, and somebody takes their jobs back."""
        running = [job for job in self.rules.jobs if job.status == "in_progress"]
        if not running:
            return False
        lost = running[a % len(running) :][:2]
        expire(*(job.pk for job in lost))
        self._rescued(lost)
        return None

    def die_twice(self, a: int, b: int, c: int) -> bool | None:
        self.crash(a, b, c)
        self.claim(a % 2, b, c)
        return self.crash(a, b, c)

    def rescue(self, a: int, b: int, c: int) -> None:
        self._rescued([])

    def _rescued(self, lost: list[Plain]) -> None:
        assert rescue() == len(lost), "rescued"
        self._wait_again([job for job in lost if job.status == "dispatched"])
        for job in sorted((job for job in lost if job.status == "in_progress"), key=lambda job: job.pk):
            self.rules.end(job, "lost")

    # Persons

    def cancel(self, a: int, b: int, c: int) -> bool | None:
        job = self._any(a, OPEN if b % 4 else ())
        if job is None:
            return False
        legal = job.status in (*OPEN, "failed") and not job.archived
        refused = "" if legal else "job_archived" if job.archived else "illegal_transition"
        if legal and job.doubtful and job.status != "in_progress":
            legal, refused = False, "outcome_unknown"
            self.counts["cancel: outcome_unknown"] += 1
        self._asked("cancel", job, cancel, refused)
        if legal and job.status == "in_progress":
            job.asked = True
        elif legal:
            job.code = "cancelled"
            self.rules.close(job, "cancelled")
        return None

    def cancel_one_in_progress(self, a: int, b: int, c: int) -> bool | None:
        """At its safe point the attempt would have gone on."""
        job = self._any(a, ("in_progress",))
        if job is None or job.status != "in_progress":
            return False
        self._asked("cancel", job, cancel, "")
        job.asked = True
        held = next(each for each in self.held if each.job is job and not each.lost)
        name = ("retry", "later", "unknown")[b % 3]
        kinds = {
            "retry": outcomes.Retry("retry", after_s=3600),
            "unknown": outcomes.Retry("outcome_unknown", after_s=3600),
        }
        assert end(held.held, kinds.get(name) or outcomes.Later(clock.now() + timedelta(days=1), "later"))
        self.rules.end(job, name)
        return None

    def run_now(self, a: int, b: int, c: int) -> bool | None:
        job = self._any(a, ("failed", "cancelled", "retry", "waiting") if b % 4 else ())
        if job is None:
            return False
        refused = ""
        if job.archived:
            refused = "job_archived"
        elif job.status not in ("failed", "cancelled", "retry", "waiting"):
            refused = "illegal_transition"
        elif (holder := self.rules.key_holder(job.type, job.key)) and holder is not job:
            refused = "key_held"
            self.counts["run_now: key_held"] += 1
        self._asked("run_now", job, run_now, refused)
        if refused:
            return None
        if job.status in ("failed", "cancelled"):
            job.status, job.tries, job.deaths, job.asked, job.alone = "waiting", 0, 0, False, False
            self.counts["run_now: again"] += 1
        self.rules.machine += 1
        job.due = self.rules.machine if job.status == "retry" else self.rules.now
        return None

    def settle(self, a: int, b: int, c: int) -> bool | None:
        """A person says what became of a job; where nobody asks, he is refused."""
        if b % 4 and not self._in_doubt():
            self.claim(a, b, c)
            self.fail_all_tries(a, 0, c)
        in_doubt = self._in_doubt()
        job = in_doubt[a % len(in_doubt)] if in_doubt and b % 8 else self._any(a, ("failed",))
        if job is None:
            return False
        refused = ""
        if job.archived:
            refused = "job_archived"
        elif job.status != "failed":
            refused = "illegal_transition"
        elif not job.doubtful:
            refused = "outcome_known"
        happened = c % 2 == 0
        self._asked("settle", job, lambda ids: settle(ids, happened=happened, reason="asked"), refused)
        if refused:
            return None
        job.doubtful, job.code = False, "did_happen" if happened else "did_not_happen"
        self.counts[f"settle: {job.code}"] += 1
        self.rules.close(job, "succeeded" if happened else "failed")
        return None

    def _in_doubt(self) -> list[Plain]:
        return [job for job in self.rules.jobs if job.status == "failed" and job.doubtful]

    def cancel_one_that_failed(self, a: int, b: int, c: int) -> bool | None:
        failed = [job for job in self.rules.jobs if job.status == "failed" and not job.archived]
        if not failed:
            return False
        job = failed[a % len(failed)]
        self._asked("cancel", job, cancel, "outcome_unknown" if job.doubtful else "")
        self.counts["cancel: outcome_unknown"] += job.doubtful
        if not job.doubtful:
            job.code = "cancelled"
            self.rules.close(job, "cancelled")
        return None

    def take_a_key_and_run_the_old_one(self, a: int, b: int, c: int) -> bool | None:
        """The key of an ended job is taken by a new one, and the old one is asked to run again."""
        ended = [
            job
            for job in self.rules.jobs
            if job.key and job.status in ("failed", "cancelled") and not job.archived
        ]
        if not ended:
            return False
        job = ended[a % len(ended)]
        self._enqueue(0 if job.type == "book" else 2, b, job.key, {}, self.rules.now)
        return self.run_now(self.rules.jobs.index(job), 0, c) if job.pk else None

    def _asked(self, name: str, job: Plain, action: Callable[[list[int]], object], refused: str) -> None:
        try:
            with transaction.atomic():
                action([job.pk])
            found = ""
        except Refused as error:
            found = error.code
        assert found == refused, (
            f"{name} of a {job.status} job was refused {found or 'not'}, expected {refused or 'not'}"
        )

    def _any(self, place: int, statuses: Sequence[str]) -> Plain | None:
        jobs = [
            job for job in self.rules.jobs if job.status in statuses and not job.archived
        ] or self.rules.jobs
        return jobs[place % len(jobs)] if jobs else None

    # Time

    def time_passes(self, a: int, b: int, c: int) -> None:
        self.rules.now += timedelta(hours=1 + a % 30)
        clock.stand_at(self.rules.now)

    def delay_passes(self, a: int, b: int, c: int) -> bool | None:
        retrying = self._retrying()
        if not retrying:
            return False
        job = retrying[a % len(retrying)]
        self.rules.machine += 1
        job.due = self.rules.machine
        execute(f"UPDATE jobs_job SET scheduled_for = {after_sql('%s')} WHERE id = %s", [0, job.pk])
        return None

    def _retrying(self) -> list[Plain]:
        return [job for job in self.rules.jobs if job.status == "retry"]

    def archive(self, a: int, b: int, c: int) -> bool | None:
        """Everything that ended is old enough."""
        with_followers = set(Job.objects.filter(has_followers=True).values_list("pk", flat=True))
        going = [
            job
            for job in self.rules.jobs
            if not job.archived
            and (
                job.status in ("succeeded", "not_applicable")
                or (
                    job.status in ("failed", "cancelled")
                    and job.code != "needs_person"
                    and job.pk not in with_followers
                )
            )
        ]
        assert sweep(keep_s=-1, keep_broken_s=-1) == len(going), "archived"
        for job in going:
            job.archived, job.blockers_when_archived = True, job.blockers
        return None if going else False

    # Both worlds

    def compare(self) -> None:
        columns = ("pk", "status", "result_code", "attempt", "tries", "deaths", "blockers", "pool")
        found = {
            row[0]: (*row[1:], model is ArchivedJob)
            for model in (Job, ArchivedJob)
            for row in model.objects.values_list(*columns)
        }
        expected = {
            job.pk: (
                job.status,
                job.code,
                job.attempt,
                job.tries,
                job.deaths,
                job.blockers,
                self.rules.pool(job),
                job.archived,
            )
            for job in self.rules.jobs
        }
        wrong = {
            pk: (expected.get(pk), found.get(pk))
            for pk in {*expected, *found}
            if expected.get(pk) != found.get(pk)
        }
        assert not wrong, f"(expected, found): {wrong}"
        kept: dict[int, list[str]] = {job.pk: [] for job in self.rules.jobs}
        for pk, outcome in JobAttempt.objects.order_by("job_id", "number").values_list("job_id", "outcome"):
            kept[pk].append(outcome)
        ends = {
            job.pk: [{"unknown": "retry"}.get(each, each) for each in job.ended] for job in self.rules.jobs
        }
        assert kept == ends
        keys = Counter((job.type, job.key) for job in self.rules.jobs if job.holds_key)
        assert not keys or max(keys.values()) == 1
        self.compared += 1
        if self.compared % INVARIANTS_EVERY == 0:
            self.verify()

    def verify(self) -> None:
        assert broken_invariants(but={"no_job_is_silent"}) == []


STEPS: dict[str, tuple[int, Callable[..., bool | None]]] = {
    "enqueue": (8, Life.enqueue),
    "enqueue_scheduled": (3, Life.enqueue_scheduled),
    "enqueue_after": (5, Life.enqueue_after),
    "claim": (16, Life.claim),
    "dispatch": (9, Life.dispatch),
    "message_arrives": (10, Life.message_arrives),
    "publish_fails": (4, Life.publish_fails),
    "message_is_lost": (5, Life.message_is_lost),
    "succeed": (5, Life.succeed),
    "not_apply": (5, Life.not_apply),
    "retry": (5, Life.retry),
    "fail": (5, Life.fail),
    "answer_nothing": (5, Life.answer_nothing),
    "fail_all_tries": (4, Life.fail_all_tries),
    "later": (4, Life.later),
    "give_back": (5, Life.give_back),
    "come_late": (4, Life.come_late),
    "crash": (7, Life.crash),
    "die_twice": (8, Life.die_twice),
    "rescue": (1, Life.rescue),
    "cancel": (5, Life.cancel),
    "cancel_one_in_progress": (5, Life.cancel_one_in_progress),
    "cancel_one_that_failed": (7, Life.cancel_one_that_failed),
    "run_now": (6, Life.run_now),
    "settle": (7, Life.settle),
    "take_a_key_and_run_the_old_one": (9, Life.take_a_key_and_run_the_old_one),
    "time_passes": (3, Life.time_passes),
    "delay_passes": (5, Life.delay_passes),
    "archive": (4, Life.archive),
}
ALSO = (
    *("claim: alone", "a key was held", "a message came in vain", "run_now: key_held", "run_now: again"),
    *("cancel: outcome_unknown", "settle: did_happen", "settle: did_not_happen"),
)


def steps_of(number: int) -> list[Taken]:
    source = Random(number)
    names = source.choices(list(STEPS), [weight for weight, _ in STEPS.values()], k=DRAWN_A_LIFE)
    return [(name, (source.randrange(60), source.randrange(60), source.randrange(60))) for name in names]


def live(steps: Sequence[Taken]) -> Counter[str]:
    """One life, rolled back at its end."""
    life = Life()
    with transaction.atomic():
        for name, places in steps:
            if sum(life.counts[name] for name in STEPS) < STEPS_A_LIFE:
                life.take(name, places)
        life.verify()
        transaction.set_rollback(True)
    return life.counts


def shortened(steps: list[Taken]) -> list[Taken]:
    """The fewest of these steps that still go wrong, leaving one out at a time."""
    place = 0
    while place < len(steps):
        fewer = steps[:place] + steps[place + 1 :]
        if goes_wrong(fewer):
            steps = fewer
        else:
            place += 1
    return steps


def goes_wrong(steps: Sequence[Taken]) -> str:
    try:
        live(steps)
    except AssertionError as error:
        return str(error) or "an assertion"
    return ""


def test_lives_go_as_the_rules_foretell(desk, capsys, monkeypatch):
    for name in ("book", "tell"):
        monkeypatch.setattr(type(job_types.get(name)), "retry_delays_s", (3600,))
    counts: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(FIRST, FIRST + LIVES):
        try:
            counts += live(steps_of(number))
        except AssertionError as error:
            few = shortened(steps_of(number))
            lines = "\n".join(f"    {step!r}," for step in few)
            pytest.fail(
                f"life {number}: {str(error)[:600]}\nshortened ({goes_wrong(few)[:600]}):\n{lines}",
                pytrace=False,
            )
    shown = ", ".join(f"{name} {times}" for name, times in sorted(counts.items()))
    with capsys.disabled():
        print(f"\n{LIVES} lives of jobs from {FIRST} in {time.monotonic() - began:.0f} s: {shown}")
    assert {name: counts[name] for name in (*STEPS, *ALSO) if counts[name] < AT_LEAST} == {}
