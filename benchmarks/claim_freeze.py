"""Selecting and freezing takes at most 1.2 times a hand-written INSERT … SELECT of the same rows.

The statement is compared with the statement; then the whole step (select, cut into batches, safety brake, statistics,
audit) with the same steps by hand.
"""

from benchmarks.report import Row
from benchmarks.trials import Trials, median

BAR = 1.2


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    found = trials.runs(engine, size)
    statement, bare = median(found["ours"], "insert_s"), median(found["hand"], "insert_s")
    ours, same = median(found["ours"], "freeze_s"), median(found["hand"], "freeze_s")
    cpu, hand_cpu = median(found["ours"], "freeze_cpu_s"), median(found["hand"], "freeze_cpu_s")
    return [
        Row("selection / INSERT SELECT by hand", engine, statement, bare, statement / bare, "s", BAR),
        Row("freeze / same steps by hand", engine, ours, same, ours / same, "s"),
        Row("... in processor time", engine, cpu, hand_cpu, cpu / hand_cpu, "CPU s"),
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
