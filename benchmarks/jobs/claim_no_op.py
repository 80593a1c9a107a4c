"""No-op jobs, one process, attempts recorded: at least 5 times Celery with RabbitMQ, 15 times Celery with Redis.

Celery at its best pool and prefetch, all messages published before its clock starts, as all jobs are in the ledger.
Procrastinate on the same PostgreSQL server, and ours on SQLite, for the record.
"""

from benchmarks.jobs.trials import CONCURRENCIES, PROCRASTINATE, Trials, middle
from benchmarks.report import Row

BARS = {"RabbitMQ": 5, "Redis": 15}
CELERYS_SHARE = {"RabbitMQ": 10, "Redis": 25}  # of our jobs, so that both take some seconds
PROCRASTINATES_SHARE = 60


def rows(trials: Trials, engine: str, size: int) -> list[Row]:
    measures = {"ours": lambda: trials.drain(engine, "no_op", size)}
    if engine == "sqlite":
        rate = middle(trials.rounds((engine, "no_op", size), measures)["ours"])
        return [Row("no-op jobs, one process", engine, rate, rate, 1, "jobs/s")]
    for broker, share in CELERYS_SHARE.items():
        for place in (0, 1):
            measures[f"{broker} {place}"] = lambda broker=broker, share=share, place=place: trials.celery(
                broker, size // share, full=True, best=place
            )
    for at_once in CONCURRENCIES:
        measures[f"Procrastinate {at_once}"] = lambda at_once=at_once: trials.procrastinate(
            max(size // PROCRASTINATES_SHARE, 100), at_once
        )
    found = trials.rounds((engine, "no_op", size), measures)
    rate, lines = middle(found["ours"]), []
    for broker, bar in BARS.items():
        best = max((found[f"{broker} 0"], found[f"{broker} 1"]), key=middle)
        trials.notes.append(f"Best on {broker}: {best[0]['setting']}.")
        peer = middle(best)
        lines.append(
            Row(
                f"no-op jobs / Celery, {broker}",
                engine,
                rate,
                peer,
                rate / peer,
                "jobs/s",
                bar,
                at_least=True,
            )
        )
    rates = {at_once: middle(found[f"Procrastinate {at_once}"]) for at_once in CONCURRENCIES}
    words = ", ".join(f"{value:,.0f} with {at_once}" for at_once, value in rates.items())
    trials.notes.append(f"{PROCRASTINATE}, jobs a second by concurrency: {words}.")
    peer = max(rates.values())
    return [*lines, Row("no-op jobs / Procrastinate", engine, rate, peer, rate / peer, "jobs/s")]
