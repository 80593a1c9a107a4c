"""The first page of a list of jobs comes in under 200 ms whatever is asked for.

1,000,000 jobs in the ledger and as many in its archive; statuses, types and subjects from common to rare, and those
that match nothing, alone and together. The slowest first look of all counts.
"""

from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

MOST_MS = 200
LISTED_EACH = 10


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    words = (f"mixed:{size * LISTED_EACH}", f"archived:{size * LISTED_EACH}")
    found = trials.rounds((engine, "list", size), {"ours": lambda: trials.trial(engine, words, "list")})[
        "ours"
    ]
    slowest, again = middle(found, "slowest_ms"), middle(found, "slowest_again_ms")
    trials.notes.append(
        f"The slowest of {found[0]['filters']} filters on {engine}: {found[0]['filter']}; the median of all "
        f"{middle(found, 'median_ms'):.1f} ms."
    )
    return [
        Row("job list, slowest page / 200 ms", engine, slowest, MOST_MS, slowest / MOST_MS, "ms", 1),
        Row("... the same again", engine, again, MOST_MS, again / MOST_MS, "ms"),
    ]
