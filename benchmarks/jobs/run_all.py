"""Measures every claim about jobs in one run and prints one table; with --markdown PATH also a page.

`python -m benchmarks.jobs --size 5000 --repeats 1` is a quick look, `--claim list idle` takes some claims only. Bases
are made once, in --folder and on --server (databases named bench_jobs_…), and kept. Brokers: queues of random names.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

from benchmarks.engines import ENGINES, Place
from benchmarks.jobs import (
    claim_backlog,
    claim_book,
    claim_celery,
    claim_enqueue,
    claim_idle,
    claim_limit,
    claim_list,
    claim_no_op,
    claim_start,
)
from benchmarks.jobs.trials import POOLS, PREFETCHES, Trials
from benchmarks.report import markdown, table

CLAIMS = {
    "no_op": claim_no_op,
    "limit": claim_limit,
    "book": claim_book,
    "celery": claim_celery,
    "enqueue": claim_enqueue,
    "backlog": claim_backlog,
    "start": claim_start,
    "idle": claim_idle,
    "list": claim_list,
}


def main(arguments: list[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    place = Place(given.folder, given.server)
    brokers = {"RabbitMQ": given.rabbitmq, "Redis": given.redis}
    trials = Trials(place, given.repeats, brokers, pools=given.pools, prefetches=given.prefetches)
    found = [
        row
        for name in given.claim
        for engine in ENGINES
        if given.engine in {engine, "both"}
        for row in CLAIMS[name].rows(trials, engine, given.size)
    ]
    heading = f"Jobs: {given.size:,} in the ledger, median of {given.repeats}"
    notes = [*dict.fromkeys(trials.notes), f"Celery {version('celery')}, kombu {version('kombu')}."]
    print(heading)
    print(table(found))
    print("\n".join(f"* {note}" for note in notes))
    if given.markdown:
        page = markdown(found, heading, place.server)
        given.markdown.write_text(page + "".join(f"* {note}\n" for note in notes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="jobs of a trial of ours; peers take fewer")
    parser.add_argument("--repeats", type=int, default=5, help="trials of each kind; the median counts")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--claim", nargs="+", choices=CLAIMS, default=list(CLAIMS))
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"), help="files and virtualenv")
    parser.add_argument("--server", default="postgresql://root@127.0.0.1:5432", help="without a database")
    parser.add_argument("--rabbitmq", default="amqp://guest:guest@127.0.0.1:5672//")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/11")
    parser.add_argument("--pools", nargs="+", default=POOLS, help="Celery's, to try; at least two settings")
    parser.add_argument("--prefetches", nargs="+", type=int, default=PREFETCHES, help="multipliers to try")
    parser.add_argument("--markdown", type=Path, help="write the page to this path")
    return parser
