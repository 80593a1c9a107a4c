"""The ledger with Celery end to end against one Celery message a job: at least 10 times on Redis, 3 times on RabbitMQ.

Ours from the first dispatch to the last end, attempts recorded: a dispatcher process and one Celery worker. The peer
does nothing a job, at its best pool and prefetch, from the first publication to the last task; against a queue that
was filled before, and the ledger with one number a message, for the record.
"""

from benchmarks.jobs.claim_no_op import CELERYS_SHARE
from benchmarks.jobs.trials import Trials, middle
from benchmarks.report import Row

BARS = {"Redis": 10, "RabbitMQ": 3}
OUR_POOLS = ("prefork:1", "prefork:2", "solo:1")


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    if engine == "sqlite":
        return []
    lines = []
    for broker, bar in BARS.items():
        measures = {
            pool: lambda broker=broker, pool=pool: trials.through_celery(broker, size // 2, pool=pool)
            for pool in OUR_POOLS
        }
        peer_rows = size // CELERYS_SHARE[broker]
        for place in (0, 1):
            measures[f"alone {place}"] = lambda broker=broker, rows=peer_rows, place=place: trials.celery(
                broker, rows, full=False, best=place
            )
            measures[f"full {place}"] = lambda broker=broker, rows=peer_rows, place=place: trials.celery(
                broker, rows, full=True, best=place
            )
        measures["one a message"] = lambda broker=broker: trials.through_celery(
            broker, max(size // 100, 100), chunk=1
        )
        found = trials.rounds((engine, "celery", broker, size), measures)
        rates = {pool: middle(found[pool]) for pool in OUR_POOLS}
        words = ", ".join(f"{pool} {value:,.0f}" for pool, value in rates.items())
        trials.notes.append(f"The ledger with Celery on {broker}, jobs a second: {words}.")
        rate = max(rates.values())
        alone = max(middle(found["alone 0"]), middle(found["alone 1"]))
        full = max(middle(found["full 0"]), middle(found["full 1"]))
        one = middle(found["one a message"])
        name = f"ledger+Celery / Celery, {broker}"
        lines += [
            Row(name, engine, rate, alone, rate / alone, "jobs/s", bar, at_least=True),
            Row("... from a filled queue", engine, rate, full, rate / full, "jobs/s"),
            Row("... ledger, one job a message", engine, rate, one, rate / one, "jobs/s"),
        ]
    return lines
