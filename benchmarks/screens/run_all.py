"""Measures every screen on a large base on PostgreSQL, at rest and while a run goes on; prints the slowest.

First page of each list with each filter, and each detail: the 95th percentile under 300 ms, under 600 ms while a run
is going on, at most 30 queries. `--size 10000 --repeats 5` is a quick look. The base (bench_screens_SIZE) is made once
and kept; what is measured is a copy of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.base import CODE, NOON
from benchmarks.engines import Place, in_process
from benchmarks.report import machine

AT_REST_MS, DURING_A_RUN_MS, QUERIES = 300, 600, 30
SHOWN = 25


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a page misses its bar."""
    given = _parser().parse_args(arguments)
    place = Place(given.folder, given.server)
    base = f"screens_{given.size}"
    if not place.exists("postgresql", base):
        _make(place, base, given.size)
    url = place.copy("postgresql", base, "screens_trial")
    try:
        found = {"at rest": (AT_REST_MS, _figures(url, given.repeats))}
        with tempfile.TemporaryDirectory() as home:
            run = _run_in_background(url, Path(home))
            found["during a run"] = (DURING_A_RUN_MS, _figures(url, given.repeats))
            still_running = run.poll() is None
            run.terminate()
            run.wait()
    finally:
        place.drop("postgresql", "screens_trial")
    lines = [line for name, (bar, figures) in found.items() for line in _table(name, bar, figures)]
    if not still_running:
        lines.append("* The run ended before the last page was asked: the second table holds for its beginning only.")
    print("\n".join(lines))
    if given.markdown:
        heading = f"## Screens: {given.size:,} subscriptions, {given.size:,} jobs"
        text = [heading, "", *lines, "", *(f"* {line}" for line in machine(place.server))]
        given.markdown.write_text("\n".join(text) + "\n")
    return int(any(_misses(figure, bar) for bar, figures in found.values() for figure in figures))


def _make(place: Place, base: str, size: int) -> None:
    """Subscriptions and jobs by the generators of the other benchmarks, and a run that was carried out."""
    url = place.create("postgresql", f"{base}_new")
    in_process("benchmarks.base", url, str(size))
    in_process("benchmarks.jobs.ledger", url, f"mixed:{size}")
    in_process("benchmarks.screens.small_run", url)
    place.rename("postgresql", f"{base}_new", base)


def _run_in_background(url: str, home: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "benchmarks.screens.small_run", CODE]
    environment = {"DJANGO_SETTINGS_MODULE": "lapwing.conf.settings", "LAPWING_DATABASE_URL": url}
    return subprocess.Popen(
        command, env={**_clean(), **environment, "LAPWING_HOME": str(home), "LAPWING_CLOCK": NOON.isoformat()}
    )


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}


def _figures(url: str, repeats: int) -> list[dict[str, Any]]:
    said = in_process("benchmarks.screens.trial", url, str(repeats))
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _misses(figure: dict[str, Any], bar: int) -> bool:
    return figure["p95_ms"] > bar or figure["queries"] > QUERIES or figure["status"] >= 500


def _table(name: str, bar: int, figures: list[dict[str, Any]]) -> list[str]:
    missed = sum(_misses(figure, bar) for figure in figures)
    worst = sorted(figures, key=lambda figure: -figure["p95_ms"])[:SHOWN]
    most = max(figures, key=lambda figure: figure["queries"])
    rows = [
        f"| `{each['path'][:80]}` | {each['queries']} | {each['median_ms']:.0f} | {each['p95_ms']:.0f} "
        f"| {each['cpu_ms']:.0f} | {'MISSED' if _misses(each, bar) else ''} |"
        for each in worst
    ]
    return [
        f"### {len(figures)} pages {name}: {missed} over {bar} ms or {QUERIES} queries",
        "",
        "| the slowest | queries | median ms | 95 % ms | processor ms | |",
        "|---|---:|---:|---:|---:|---|",
        *rows,
        "",
        f"* The most queries: {most['queries']}, `{most['path'][:80]}`.",
        "",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks screens", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="subscriptions, and jobs")
    parser.add_argument("--repeats", type=int, default=20, help="times each page is asked")
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"))
    parser.add_argument("--server", default="postgresql://root@127.0.0.1:5432", help="without a database")
    parser.add_argument("--markdown", type=Path, help="write the page to this path")
    return parser
