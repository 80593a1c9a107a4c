"""Measures every claim in one run and prints one table; with --markdown PATH also a page for the documentation.

`python -m benchmarks --size 100000 --repeats 1` is a quick look. Bases are made once, in --folder and on --server
(databases named bench_…), and kept; --drop removes them at the end.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import claim_freeze, claim_growth, claim_loop, claim_preview_undo, claim_run
from benchmarks.engines import ENGINES, Place
from benchmarks.report import Row, markdown, table
from benchmarks.trials import Trials

CLAIMS = (claim_freeze, claim_run, claim_loop, claim_preview_undo, claim_growth)


def main() -> None:
    measure([claim.rows for claim in CLAIMS], __doc__)


def one_claim(rows: Callable[[Trials, str, int], list[Row]]) -> None:
    """What `python -m benchmarks.claim_…` runs."""
    measure([rows], rows.__globals__["__doc__"])


def measure(claims: list[Callable[[Trials, str, int], list[Row]]], description: str | None) -> None:
    arguments = _parser(description).parse_args()
    place = Place(arguments.folder, arguments.server)
    trials = Trials(place, arguments.repeats)
    found = [
        row
        for rows in claims
        for engine in ENGINES
        if arguments.engine in {engine, "both"}
        for row in rows(trials, engine, arguments.size)
    ]
    heading = f"{arguments.size:,} subscriptions, median of {arguments.repeats}"
    print(heading)
    print(table(found))
    if arguments.markdown:
        arguments.markdown.write_text(markdown(found, heading, place.server))
    if arguments.drop:
        for engine in ENGINES:
            for size in (arguments.size, arguments.size // 10):
                place.drop(engine, f"base_{size}")


def _parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=int, default=1_000_000, help="subscriptions in the base")
    parser.add_argument("--repeats", type=int, default=3, help="trials of each kind; the median counts")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument(
        "--folder", type=Path, default=Path("var/benchmarks"), help="where SQLite files are kept"
    )
    parser.add_argument(
        "--server", default="postgresql://root@127.0.0.1:5432", help="PostgreSQL, without a database"
    )
    parser.add_argument("--markdown", type=Path, help="write the page to this path")
    parser.add_argument("--drop", action="store_true", help="remove the bases at the end")
    return parser


if __name__ == "__main__":
    main()
