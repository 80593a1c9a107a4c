"""Celery's worker and dispatchers at work on a scene, over a broker of the suite's own."""

import os
import random
import signal
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from tests.faults.jobs.killing import DRAG_S
from tests.faults.jobs.kinds import MIX
from tests.faults.jobs.points import CELERY_WORKER, DISPATCH
from tests.faults.jobs.scene import LEASE_S, Scene, has_ended, wait_until
from tests.faults.jobs.tally import Tally

BEGUN_WITHIN_S = 20.0
ASKED_AT_MOST = 5  # times for more jobs, until a point is reached
SETTLED_WITHIN_S = 60.0  # after a broker's restart Celery waits longer and longer before it tries again
LIMIT_S = 1800.0


class Crew:
    """One Celery worker with forked processes, and a dispatcher. The processes are killed; Celery starts new ones."""

    def __init__(
        self,
        scene: Scene,
        broker: Any,
        folder: Path,
        *,
        dispatchers: int = 1,
        each_message: int = 1,
        defects: tuple[str, ...] = (),
    ) -> None:
        self.scene, self.broker = scene, broker
        self._folder, self._orders = folder, count(1)
        self._each_message, self._defects = each_message, defects
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
        self.dispatchers = [self.dispatcher() for _ in range(dispatchers)]
        assert wait_until(lambda: len(self.processes()) == 2, BEGUN_WITHIN_S), "Celery did not begin"

    def dispatcher(self, *, failpoint: str = "") -> int:
        """Starts one; each message is published as often as this crew was told."""
        deed = self.scene.deed(
            "hand_out",
            broker=self.broker.url,
            lease_s=LEASE_S,
            each_message=self._each_message,
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
        self.scene.settle(within_s=SETTLED_WITHIN_S)
        tally.judged(jobs, self.scene.judge())


def kill_celery_at(crew: Crew, points: list[str], tally: Tally) -> None:
    """One round: processes of Celery, or dispatchers, die at these points, one after the other."""
    scene, chance = crew.scene, random.Random(tally.seed())
    scene.empty()
    jobs = scene.ask(MIX)
    for point in points:
        if not scene.open_jobs():
            jobs += scene.ask(MIX)
        order = None if point in DISPATCH else crew.order_death(point, chance.randint(1, 2))
        for _ in range(ASKED_AT_MOST):
            reached = _kill_dispatcher(crew, point) if order is None else _is_obeyed(crew, order)
            if reached:
                break
            jobs += scene.ask(MIX)
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


def break_broker(crew: Crew, ways: list[str], tally: Tally) -> None:
    """One round: the broker does this while jobs are handed out."""
    scene, chance = crew.scene, random.Random(tally.seed())
    scene.empty()
    jobs = scene.ask(MIX)
    for way in ways:
        if not scene.open_jobs():
            jobs += scene.ask(MIX)
        time.sleep(chance.uniform(0.02, 0.15))
        if way == "purge":
            asked, lost = _purge(crew)
            jobs, tally.messages_lost = jobs + asked, tally.messages_lost + lost
        else:
            crew.broker.restart(away_s=chance.uniform(1, 2) if way == "away" else 0)
        tally.add("broker", way)
    crew.judge(jobs, tally)


def _purge(crew: Crew) -> tuple[int, int]:
    """Of messages that nobody takes, because Celery is frozen; returns how many jobs were asked for and how many
    messages were lost.
    """
    os.kill(crew.worker, signal.SIGSTOP)
    jobs = crew.scene.ask(MIX)
    time.sleep(0.3)
    lost = crew.broker.purge()
    os.kill(crew.worker, signal.SIGCONT)
    return jobs, lost


def deliver_again(crew: Crew, tally: Tally) -> None:
    """One round in which nothing dies."""
    tally.seed()
    crew.scene.empty()
    jobs = crew.scene.ask(MIX)
    crew.judge(jobs, tally)
    tally.add("others", "undisturbed")


def _is_obeyed(crew: Crew, order: Path) -> bool:
    """Whether a process died as it was ordered to, before all jobs had ended."""
    wait_until(lambda: crew.executed(order) or not crew.scene.open_jobs(), 8)
    return wait_until(lambda: crew.executed(order), 0.1)


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
