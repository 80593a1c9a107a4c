"""A preview takes at most 1.5 times the same grouping by hand; an undo at most as long as its run."""

from benchmarks.report import Row
from benchmarks.trials import Trials, median, whole

PREVIEW_BAR, UNDO_BAR = 1.5, 1.0


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    found = trials.previews(engine, size)
    ours, hand = median(found["ours"], "seconds"), median(found["hand"], "seconds")
    runs = trials.runs(engine, size)
    undo, run = median(runs["undo"], "seconds"), median(runs["ours"], whole)
    return [
        Row("preview / grouping by hand", engine, ours, hand, ours / hand, "s", PREVIEW_BAR),
        Row("undo / run", engine, undo, run, undo / run, "s", UNDO_BAR),
    ]


if __name__ == "__main__":
    from benchmarks.run_all import one_claim

    one_claim(rows)
