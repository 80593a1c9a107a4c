"""Kills local workers, at named points and at random times, lets others go on, and judges what came of it."""

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

from tests.faults.children import Ending
from tests.faults.jobs.kinds import BOOK, MIX, SLOW_ORDER, Kind
from tests.faults.jobs.points import LOCAL, RESCUE
from tests.faults.jobs.scene import LEASE_S, Scene, has_ended, wait_until
from tests.faults.jobs.tally import Tally

KILLS_A_ROUND = 5  # fewer than the six tries of a job, so that none may end for having been killed too often
REACHED_WITHIN_S = 6.0
CHUNK = 20
DRAG_S = 0.003
WORKERS = 3
SETTLED_WITHIN_S = 8 * LEASE_S + 4


def kill_at(
    scene: Scene,
    points: list[str],
    tally: Tally,
    *,
    kinds: Mapping[Kind, int] = MIX,
    defects: tuple[str, ...] = (),
) -> None:
    """One round: a worker dies at each of these points in turn, and the last one finishes what they left."""
    chance = random.Random(tally.seed())
    scene.clear()
    jobs = scene.ask(kinds)
    for point in points:
        nth = chance.randint(1, 12 if point in RESCUE else 2)
        pid = scene.worker(failpoint=f"{point}:die:{nth}", defects=defects, chunk_at_most=CHUNK)
        wait_until(lambda pid=pid: has_ended(pid) or not scene.open_jobs(), REACHED_WITHIN_S)
        reached = has_ended(pid)
        ending = scene.kill(pid)
        if reached and ending.was_killed:
            tally.add("kills", point)
        else:
            tally.missed += 1
            _note(tally, ending)
    finish(scene, jobs, tally, defects=defects)


def kill_at_random(
    scene: Scene,
    kills: int,
    tally: Tally,
    *,
    kinds: Mapping[Kind, int] = MIX,
    defects: tuple[str, ...] = (),
    **options: Any,
) -> None:
    """One round: three workers, of whom one is killed at any time and another takes its place."""
    chance = random.Random(tally.seed())
    scene.clear()
    jobs = scene.ask(kinds)
    options |= {"defects": defects, "chunk_at_most": CHUNK, "drag_s": DRAG_S}
    at_work = [scene.worker(**options) for _ in range(WORKERS)]
    for _ in range(kills):
        time.sleep(chance.uniform(0, 0.1))
        if not scene.open_jobs():
            tally.missed += 1
            continue
        scene.kill(at_work.pop(chance.randrange(WORKERS)))
        tally.add("kills", "random")
        at_work.append(scene.worker(**options))
    finish(scene, jobs, tally, defects=defects)


def leave_in_peace(
    scene: Scene,
    tally: Tally,
    *,
    defects: tuple[str, ...] = (),
    within_s: float = SETTLED_WITHIN_S,
    **options: Any,
) -> None:
    """One round in which nobody dies: three workers share the jobs, and none of them may take another for dead."""
    tally.seed()
    scene.clear()
    jobs = scene.ask({BOOK: 100, SLOW_ORDER: 24})
    for _ in range(WORKERS):
        scene.worker(chunk_at_most=CHUNK, drag_s=DRAG_S, defects=defects, lease_s=3 * LEASE_S, **options)
    finish(scene, jobs, tally, defects=defects, within_s=within_s)
    ((lost,),) = scene.rows("SELECT COUNT(*) FROM jobs_jobattempt WHERE outcome = 'lost'")
    if lost:
        tally.verdict.found.append(f"{lost} attempts were taken from workers that lived")


def finish(
    scene: Scene,
    jobs: int,
    tally: Tally,
    *,
    defects: tuple[str, ...] = (),
    may_fail: Sequence[int] = (),
    within_s: float = SETTLED_WITHIN_S,
) -> None:
    """Whoever is left, and one more, does what is left; then it is judged."""
    scene.worker(defects=defects)
    scene.settle(within_s=within_s)
    for ending in scene.stop_all():
        _note(tally, ending)
    tally.judged(jobs, scene.judge(may_fail=may_fail))


def _note(tally: Tally, ending: Ending) -> None:
    if ending.error:
        tally.verdict.found.append(f"a worker broke: {ending.error[-600:]}")


def rounds_of(kills: int) -> Iterator[list[str]]:
    """So many kills of local workers in rounds; the janitor's last of a round, when there is something to take back."""
    others = _shuffled_for_ever([point for point in LOCAL if point not in RESCUE])
    for number in range(math.ceil(kills / KILLS_A_ROUND)):
        some = list(islice(others, KILLS_A_ROUND - 1))
        yield [*some, *(RESCUE if number % 2 else islice(others, 1))]


def in_rounds(points: Sequence[str], kills: int) -> Iterator[list[str]]:
    """So many kills in rounds, every point about equally often."""
    names = _shuffled_for_ever(points)
    for _ in range(math.ceil(kills / KILLS_A_ROUND)):
        yield list(islice(names, KILLS_A_ROUND))


def _shuffled_for_ever(points: Sequence[str]) -> Iterator[str]:
    for turn in count():
        yield from random.Random(turn).sample(points, len(points))
