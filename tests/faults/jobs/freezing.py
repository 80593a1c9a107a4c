"""Freezes whole workers past their lease, lets others take over, thaws them, and judges what they wrote late."""

import os
import random
import signal
import time
from contextlib import suppress

from tests.faults.jobs.killing import CHUNK, DRAG_S, REACHED_WITHIN_S, WORKERS, finish
from tests.faults.jobs.kinds import BOOK, ORDER
from tests.faults.jobs.points import CLAIM, CONCLUDE, EXECUTE, OUTSIDE, RESCUE
from tests.faults.jobs.scene import LEASE_S, Scene, has_ended, is_frozen, wait_until
from tests.faults.jobs.tally import Tally

# `tell` looks before it writes, so it may do it twice when it is frozen in between: that is its own promise.
MIX = {BOOK: 120, ORDER: 30}
# Inside a transaction SQLite has one writer: whoever is frozen there holds up all others until he is thawed.
POINTS = {
    "sqlite": (*CLAIM, "jobs.execute.after_commit", *OUTSIDE),
    "postgresql": (*CLAIM, *EXECUTE, *CONCLUDE, *OUTSIDE, *RESCUE),
}
PAST_THE_LEASE_S = LEASE_S + 0.6


def freeze_at(scene: Scene, points: list[str], tally: Tally, *, defects: tuple[str, ...] = ()) -> None:
    """One round: a worker is frozen at each of these points, another takes over, all are thawed."""
    chance = random.Random(tally.seed())
    scene.clear()
    jobs = scene.ask(MIX)
    for point in points:
        nth = chance.randint(1, 2)
        pid = scene.worker(
            failpoint=f"{point}:stall:{nth}", freezes=True, chunk_at_most=CHUNK, defects=defects
        )
        wait_until(
            lambda pid=pid: is_frozen(pid) or has_ended(pid) or not scene.open_jobs(), REACHED_WITHIN_S
        )
        if is_frozen(pid):
            tally.add("freezes", point)
        else:
            tally.missed += 1
    _take_over_and_thaw(scene, jobs, tally, defects)


def freeze_at_random(scene: Scene, tally: Tally, *, defects: tuple[str, ...] = ()) -> None:
    """One round: three workers are frozen at any time, another takes over, all are thawed."""
    chance = random.Random(tally.seed())
    scene.clear()
    jobs = scene.ask(MIX)
    options = {"chunk_at_most": CHUNK, "drag_s": DRAG_S, "defects": defects}
    for pid in [scene.worker(**options) for _ in range(WORKERS)]:
        time.sleep(chance.uniform(0, 0.06))
        if scene.open_jobs():
            os.kill(pid, signal.SIGSTOP)
            tally.add("freezes", "random")
    _take_over_and_thaw(scene, jobs, tally, defects)


def _take_over_and_thaw(scene: Scene, jobs: int, tally: Tally, defects: tuple[str, ...]) -> None:
    frozen_at = time.monotonic()
    scene.worker(defects=defects)
    wait_until(lambda: not scene.open_jobs(), PAST_THE_LEASE_S)
    time.sleep(max(0.0, frozen_at + PAST_THE_LEASE_S - time.monotonic()))
    for pid in scene.at_work:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    ((taken_over,),) = scene.rows("SELECT COUNT(*) FROM jobs_jobattempt WHERE outcome = 'lost'")
    tally.taken_over += taken_over
    time.sleep(0.1)  # what was thawed writes now, if it writes at all
    finish(scene, jobs, tally, defects=defects)
