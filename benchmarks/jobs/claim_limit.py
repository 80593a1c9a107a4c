"""At least 30 % of what the database can do with one process, 50 % with two.

The limit is one statement that claims all rows and one that completes them; a row with a third that keeps an attempt
of each, as ours does, is for the record.
"""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

BARS = {1: 0.3, 2: 0.5}


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    words = (f"waiting:no_op:{size}",)
    ours = {"ours": lambda: trials.drain(engine, "no_op", size)}
    peers = {"limit": lambda: trials.by_hand(engine, words, "limit")}
    if engine == "postgresql":
        peers["ours 2"] = lambda: trials.drain(engine, "no_op", size, processes=2)
    found = trials.rounds((engine, "no_op", size), ours | peers)
    limit, full = middle(found["limit"]), middle(found["limit"], "rate_with_attempts")
    lines = []
    for processes, name in ((1, "ours"), (2, "ours 2")):
        if name in found:
            rate, bar = middle(found[name]), BARS[processes] if engine == "postgresql" else None
            what = f"share of the limit, {processes} process{'es' if processes > 1 else ''}"
            lines += [
                Row(what, engine, rate, limit, rate / limit, "jobs/s", bar, at_least=True),
                Row("... that keeps attempts", engine, rate, full, rate / full, "jobs/s"),
            ]
    return lines
