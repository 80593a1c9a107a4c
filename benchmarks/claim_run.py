"""The whole run takes at most 1.3 times a hand-written script that does the same work, batch by batch."""

from benchmarks.report import Row
from benchmarks.trials import LARGE_BATCH, Trials, median, whole, whole_cpu

BAR = 1.3


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    found = trials.runs(engine, size)
    ours, hand = median(found["ours"], whole), median(found["hand"], whole)
    cpu, hand_cpu = median(found["ours"], whole_cpu), median(found["hand"], whole_cpu)
    lean = median(trials.lean(engine, size), "seconds")
    large = trials.runs(engine, size, LARGE_BATCH)
    ours_large, hand_large = median(large["ours"], whole), median(large["hand"], whole)
    return [
        Row("run / same work by hand", engine, ours, hand, ours / hand, "s", BAR),
        Row("... in processor time", engine, cpu, hand_cpu, cpu / hand_cpu, "CPU s"),
        Row("... batches of 20,000", engine, ours_large, hand_large, ours_large / hand_large, "s"),
        Row("run / lean script, no re-check", engine, ours, lean, ours / lean, "s"),
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
