"""Database-only jobs: at least 2.2 times the durable one-row commits of the same disk; set-based, 5 times.

Each job writes one row and an attempt, exactly once; the peer writes the same row and nothing else.
"""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

BARS = {"book": 2.2, "book_many": 5}
NAMES = {"book": "database jobs / commits", "book_many": "set-based jobs / commits"}
SHARE = {"book": 5, "book_many": 2}


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    measures = {"commits": lambda: trials.by_hand(engine, (), "commits")}
    for kind, share in SHARE.items():
        measures[kind] = lambda kind=kind, share=share: trials.drain(engine, kind, size // share)
    found = trials.rounds((engine, "book", size), measures)
    peer = middle(found["commits"])
    return [
        Row(NAMES[kind], engine, rate, peer, rate / peer, "rows/s", bar, at_least=True)
        for kind, bar in BARS.items()
        for rate in [middle(found[kind])]
    ]
