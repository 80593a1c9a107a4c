"""Asking for many jobs at once writes at least 80 % as many rows a second as the bare INSERT of the same rows."""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

BAR = 0.8


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    words = (f"effects:{size}",)
    found = trials.rounds(
        (engine, "enqueue", size),
        {
            "ours": lambda: trials.trial(engine, words, "enqueue"),
            "INSERT": lambda: trials.by_hand(engine, words, "insert"),
        },
    )
    for one in (*found["ours"], *found["INSERT"]):
        assert one["rows"] == size, one
    rate, peer = middle(found["ours"]), middle(found["INSERT"])
    return [Row("bulk enqueue / bare INSERT", engine, rate, peer, rate / peer, "rows/s", BAR, at_least=True)]
