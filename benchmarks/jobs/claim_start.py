"""From commit to the handler: median under 20 ms where the worker is woken, 95th percentile under 1.2 s by polling.

The clock starts before the commit and stops at the handler's first line.
"""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

WOKEN_MS, POLLED_MS = 20, 1200


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    woken, polled = max(min(size // 500, 200), 20), max(min(size // 1000, 100), 10)
    found = trials.rounds(
        (engine, "start", size),
        {
            "woken": lambda: trials.trial(engine, (), "start", "--rows", str(woken)),
            "polled": lambda: trials.polled(engine, polled),
        },
    )
    median, high = middle(found["woken"], "median_ms"), middle(found["woken"], "p95_ms")
    late = middle(found["polled"], "p95_ms")
    return [
        Row("commit to start, woken / 20 ms", engine, median, WOKEN_MS, median / WOKEN_MS, "ms", 1),
        Row("... 95th percentile", engine, high, WOKEN_MS, high / WOKEN_MS, "ms"),
        Row("... polling, 95th / 1.2 s", engine, late, POLLED_MS, late / POLLED_MS, "ms", 1),
    ]
