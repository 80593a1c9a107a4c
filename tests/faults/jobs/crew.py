"""Celery's worker and dispatchers at work on a scene, over a broker of the suite's own."""

import os
import random
import signal
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.jobs.judge import Verdict
from tests.faults.jobs.killing import DRAG_S, SETTLED_WITHIN_S
from tests.faults.jobs.kinds import MIX
from tests.faults.jobs.points import CELERY_WORKER, DISPATCH
from tests.faults.jobs.scene import LEASE_S, Scene, has_ended, wait_until
from tests.faults.jobs.tally import Tally

BEGUN_WITHIN_S = 20.0
LIMIT_S = 1800.0


class Crew:
    """One Celery worker with forked processes, and a dispatcher. The processes are killed; Celery starts new ones."""

    def __init__(self, scene: Scene, broker: Any, folder: Path, *, defects: tuple[str, ...] = ()) -> None:
        self.scene, self.broker = scene, broker
        self._folder, self._orders, self._defects = folder, count(1), defects
        worker = scene.deed(
            "be_celery",
            broker=broker.url,
            lease_s=LEASE_S,
            orders=str(folder),
            drag_s=DRAG_S,
            defects=defects,
            limit_s=LIMIT_S,
        )
        (self.worker,) = scene.start(worker)
        self.dispatchers = [self.dispatcher()]
        assert wait_until(lambda: len(self.processes()) == 2, BEGUN_WITHIN_S), "Celery did not begin"

    def dispatcher(self, *, failpoint: str = "", each_message: int = 1) -> int:
        deed = self.scene.deed(
            "hand_out",
            broker=self.broker.url,
            lease_s=LEASE_S,
            each_message=each_message,
            failpoint=failpoint,
            defects=self._defects,
            limit_s=LIMIT_S,
        )
        return self.scene.start(deed)[0]

    def processes(self) -> list[int]:
        """Those that carry out chunks."""
        return [pid for pid in children_of(self.worker) if not has_ended(pid)]

    def order_death(self, point: str, nth: int) -> Path:
        """The next process that begins a chunk dies at the n-th passage of the point."""
        order = self._folder / f"order-{next(self._orders):06}"
        draft = order.with_name("draft")
        draft.write_text(f"{point}:die:{nth}")
        draft.rename(order)
        return order

    def executed(self, order: Path) -> bool:
        """Whether somebody took the order and is dead."""
        taken = next(self._folder.glob(f"taken-*-{order.name}"), None)
        return taken is not None and has_ended(int(taken.name.split("-")[1]))

    def kill_one(self, chance: random.Random) -> bool:
        if found := self.processes():
            with suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
        return bool(found)

    def kill_dispatcher(self) -> None:
        self.scene.kill(self.dispatchers.pop())

    def judge(self, jobs: int, tally: Tally) -> None:
        """Lets it finish what is open, and judges."""
        self.scene.settle(within_s=SETTLED_WITHIN_S + 4)
        tally.judged(jobs, self.verdict())

    def verdict(self) -> Verdict:
        return self.scene.judge()


def kill_celery_at(crew: Crew, points: list[str], tally: Tally) -> None:
    """One round: processes of Celery, or dispatchers, die at these points, one after the other."""
    scene, chance = crew.scene, random.Random(tally.seed())
    scene.empty()
    jobs = scene.ask(MIX)
    for point in points:
        if not scene.open_jobs():
            jobs += scene.ask(MIX)
        reached = _kill_dispatcher(crew, point) if point in DISPATCH else _kill_process(crew, point, chance)
        if reached:
            tally.add("kills", point)
        else:
            tally.missed += 1
    crew.judge(jobs, tally)


def kill_celery_at_random(crew: Crew, kills: int, tally: Tally) -> None:
    scene, chance = crew.scene, random.Random(tally.seed())
    scene.empty()
    jobs = scene.ask(MIX)
    for _ in range(kills):
        time.sleep(chance.uniform(0, 0.12))
        if not scene.open_jobs():
            jobs += scene.ask(MIX)
        if chance.random() < 0.2:
            crew.kill_dispatcher()
            crew.dispatchers.append(crew.dispatcher())
            tally.add("kills", "random")
        elif crew.kill_one(chance):
            tally.add("kills", "random")
    crew.judge(jobs, tally)


def _kill_process(crew: Crew, point: str, chance: random.Random) -> bool:
    order = crew.order_death(point, chance.randint(1, 2))
    done = wait_until(lambda: crew.executed(order) or not crew.scene.open_jobs(), 8)
    return done and crew.executed(order)


def _kill_dispatcher(crew: Crew, point: str) -> bool:
    """The one at work is replaced by one that dies, and that one by the next."""
    crew.scene.stop(crew.dispatchers.pop())
    doomed = crew.dispatcher(failpoint=f"{point}:die:1")
    wait_until(lambda: has_ended(doomed) or not crew.scene.open_jobs(), 8)
    reached = has_ended(doomed)
    crew.scene.kill(doomed)
    crew.dispatchers.append(crew.dispatcher())
    return reached


def children_of(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


ROUND = (*CELERY_WORKER, *DISPATCH)
