"""Jobs pass at least 80 % as fast over ten ended jobs for each waiting one, and while an old snapshot is held open.

1,000,000 ended and 100,000 waiting jobs against the 100,000 alone, by claims alone and by a whole worker; then
60,000 jobs with a snapshot from before them against 60,000 without.
"""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

BAR = 0.8
ENDED_EACH = 10
CLAIMED_SHARE, PASSED_SHARE = 0.4, 0.6


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    passed, claimed = int(size * PASSED_SHARE), str(int(size * CLAIMED_SHARE))
    alone = (f"waiting:no_op:{size}",)
    full = (f"ended:{size * ENDED_EACH}", *alone)
    found = trials.rounds(
        (engine, "backlog", size),
        {
            "claims": lambda: trials.trial(engine, full, "claim", "--rows", claimed),
            "claims alone": lambda: trials.trial(engine, alone, "claim", "--rows", claimed),
            "worker": lambda: trials.drain(engine, "no_op", size, ended=size * ENDED_EACH),
            "worker alone": lambda: trials.drain(engine, "no_op", size),
            "snapshot": lambda: trials.drain(engine, "no_op", passed, snapshot=True),
            "no snapshot": lambda: trials.drain(engine, "no_op", passed),
        },
    )
    return [
        Row(name, engine, rate, peer, rate / peer, "jobs/s", BAR, at_least=True)
        for name, ours, other in (
            ("claims over ended / empty", "claims", "claims alone"),
            ("worker over ended / empty", "worker", "worker alone"),
            ("worker, old snapshot / none", "snapshot", "no snapshot"),
        )
        for rate, peer in [(middle(found[ours]), middle(found[other]))]
    ]
