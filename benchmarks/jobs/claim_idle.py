"""A process that has nothing to do asks the database at most two things a second."""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

MOST, SECONDS = 2, 30.0
PARTS = {"local": "idle worker", "dispatcher": "idle dispatcher", "serve": "idle lapwing serve"}


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    seconds = min(SECONDS, max(size / 1000, 5))
    measures = {part: lambda part=part: trials.idle(part, engine, seconds) for part in PARTS}
    found = trials.rounds((engine, "idle"), measures)
    return [
        Row(f"{name} / 2 queries a second", engine, each, MOST, each / MOST, "queries/s", 1)
        for part, name in PARTS.items()
        for each in [middle(found[part], "per_s")]
    ]
