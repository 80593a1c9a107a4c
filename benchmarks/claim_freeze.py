"""Selecting and freezing takes at most 1.2 times a hand-written INSERT … SELECT of the same rows.

Ours is the whole step (select, cut into batches, safety brake, statistics, audit); the peer is the statement alone.
"""

from benchmarks.report import Row
from benchmarks.trials import Trials, median

BAR = 1.2


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    found = trials.runs(engine, size)
    ours, bare = median(found["ours"], "freeze_s"), median(found["hand"], "insert_s")
    same = median(found["hand"], "freeze_s")
    cpu, hand_cpu = median(found["ours"], "freeze_cpu_s"), median(found["hand"], "freeze_cpu_s")
    return [
        Row("freeze / INSERT SELECT alone", engine, ours, bare, ours / bare, "s", BAR),
        Row("freeze / same steps by hand", engine, ours, same, ours / same, "s"),
        Row("... in processor time", engine, cpu, hand_cpu, cpu / hand_cpu, "CPU s"),
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
