"""Kills a child that carries out a run, lets another resume it, and judges what came of it."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.faults.children import Deed
from tests.faults.points import BATCH
from tests.faults.stage import BATCH_SIZE, BATCHES, Stage


@dataclass(frozen=True)
class Kill:
    """At the n-th passage of a named point or, without one, at a random time."""

    point: str = ""
    nth: int = 1

    @property
    def failpoint(self) -> str:
        return f"{self.point}:die:{self.nth}" if self.point else ""


@dataclass
class Tally:
    """What was killed where, over all trials."""

    kills: int = 0
    missed: int = 0  # the child was done before its time came
    between: int = 0  # some batches were committed, and some were not
    trials: int = 0
    points: Counter[str] = field(default_factory=Counter)

    def line(self, what: str) -> str:
        places = ", ".join(
            f"{name.removeprefix('runs.')} {count}" for name, count in sorted(self.points.items())
        )
        return (
            f"{what}: {self.kills} kills in {self.trials} trials, {self.between} between the first and the last "
            f"commit of a batch, 0 wrong (bound 3/{self.kills}); {places}"
        )


def trials(seed: str, points: Iterable[str], *, each: int, at_random: int) -> list[list[Kill]]:
    """Every point so many times, in every second trial followed by a kill of whoever resumed; the rest at random."""
    chance = random.Random(seed)
    planned = [
        [Kill(point, chance.randint(1, BATCHES - 3) if point in BATCH else 1)]
        for point in points
        for _ in range(each)
    ]
    chance.shuffle(planned)
    for trial in planned[:at_random:2]:
        trial.append(Kill())
    rest = at_random - sum(len(trial) - 1 for trial in planned)
    return planned + [[Kill()] for _ in range(rest)]


def kill_and_resume(
    stage: Stage,
    content: str,
    run_id: int,
    kills: list[Kill],
    tally: Tally,
    *,
    lasts_s: float,
    defects: tuple[str, ...] = (),
) -> list[str]:
    """Everything that is wrong after the run was killed so often and resumed each time."""
    stage.set(content)
    deed = stage.deed("conduct", run_id=run_id, batch_size=BATCH_SIZE)
    tally.trials += 1
    for kill in kills:
        _kill(stage, replace(deed, failpoint=kill.failpoint, defects=defects), kill, run_id, tally, lasts_s)
    ending = stage.try_(replace(deed, defects=defects))
    found = stage.judge()
    if ending.value is None or ending.value["state"] != "completed":
        found.append(f"the resumed run is not completed: {ending}")
    return [f"{kills}: {line}" for line in found]


def duration_s(stage: Stage, content: str, run_id: int) -> float:
    """How long the run lasts when nobody kills it."""
    stage.set(content)
    started = time.monotonic()
    stage.do("conduct", run_id=run_id, batch_size=BATCH_SIZE)
    return time.monotonic() - started


def _kill(stage: Stage, deed: Deed, kill: Kill, run_id: int, tally: Tally, lasts_s: float) -> None:
    ending = stage.try_(deed) if kill.point else stage.kill_after(deed, random.uniform(0, 0.8 * lasts_s))
    if not ending.was_killed:
        tally.missed += 1
        assert not kill.point, f"{kill} was not reached: {ending}"
        return
    tally.kills += 1
    tally.points[kill.point or "at random"] += 1
    ((finished, planned),) = stage.rows(
        f"SELECT COALESCE(SUM(CASE WHEN finished THEN 1 ELSE 0 END), 0), COUNT(*) FROM runs_runbatch WHERE run_id = {run_id}"
    )
    tally.between += 0 < finished < planned
