"""Runs trials of jobs, each from a fresh copy of a base and in processes of its own, and keeps their figures.

Rounds alternate ours and the peers, so that noise of the machine falls on both. A rate of ours counts only after all
jobs were found ended well, each with one attempt and one effect.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engines import Hand, Place, in_process
from benchmarks.jobs.ledger import ENDED_BY

Figures = dict[str, Any]
BROKERS = {"RabbitMQ": "amqp", "Redis": "redis"}
POOLS = ("prefork:1", "prefork:2", "solo:1", "threads:1", "threads:4")
PREFETCHES = (1, 4, 16, 64)
CONCURRENCIES = (1, 10, 50)
PROCRASTINATE = "procrastinate==3.10.0"
LONGEST_S = 1800
RATES = {
    "postgresql": "SELECT COUNT(*), COUNT(DISTINCT a.job_id), EXTRACT(EPOCH FROM MAX(a.ended_at) - MIN({first})) "
    "FROM jobs_jobattempt a JOIN jobs_job j ON j.id = a.job_id WHERE a.worker <> '{before}'",
    "sqlite": "SELECT COUNT(*), COUNT(DISTINCT a.job_id), (julianday(MAX(a.ended_at)) - julianday(MIN({first}))) "
    "* 86400 FROM jobs_jobattempt a JOIN jobs_job j ON j.id = a.job_id WHERE a.worker <> '{before}'",
}


class WorkNotDone(AssertionError):
    """Jobs are left, or were done twice; the time means nothing."""


class Trials:
    def __init__(
        self,
        place: Place,
        repeats: int,
        brokers: Mapping[str, str],
        *,
        pools: Sequence[str] = POOLS,
        prefetches: Sequence[int] = PREFETCHES,
    ) -> None:
        self.place, self.repeats, self.brokers = place, repeats, brokers
        self.pools, self.prefetches = pools, prefetches
        self.notes: list[str] = []
        self._kept: dict[tuple, list[Figures]] = {}
        self._best: dict[tuple, tuple[str, int]] = {}
        os.environ["LAPWING_APPS"] = "tests.jobs.samples,benchmarks.jobs"
        os.environ["LAPWING_HOME"] = str(place.folder.absolute() / "home")

    def rounds(self, key: tuple, measures: Mapping[str, Callable[[], Figures]]) -> dict[str, list[Figures]]:
        """Each measure once a round; kept under `key`, so that two claims may share them."""
        for number in range(self.repeats):
            for name, measure in measures.items():
                kept = self._kept.setdefault((*key, name), [])
                if len(kept) > number:
                    continue
                found = measure()
                kept.append(found)
                shown = {k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()}
                print(f"  {' '.join(map(str, (*key, name)))}: {shown}", file=sys.stderr, flush=True)
        return {name: self._kept[(*key, name)] for name in measures}

    def base(self, engine: str, *words: str) -> str:
        """A migrated database with such rows; made once and kept for the next time."""
        name = "_".join(["jobs", *words]).replace(":", "_") if words else "jobs_empty"
        if not self.place.exists(engine, name):
            url = self.place.create(engine, f"{name}_in_work")
            in_process("benchmarks.jobs.ledger", url, *words)
            self.place.rename(engine, f"{name}_in_work", name)
        return name

    def on_copy(self, engine: str, words: tuple[str, ...], measure: Callable[[str], Figures]) -> Figures:
        url = self.place.copy(engine, self.base(engine, *words), f"jobs_trial_{os.getpid()}")
        try:
            return measure(url)
        finally:
            self.place.drop(engine, f"jobs_trial_{os.getpid()}")

    def trial(self, engine: str, words: tuple[str, ...], *arguments: str) -> Figures:
        return self.on_copy(engine, words, lambda url: ours(url, *arguments))

    def by_hand(self, engine: str, words: tuple[str, ...], *arguments: str) -> Figures:
        return self.on_copy(
            engine,
            words,
            lambda url: json.loads(in_process("benchmarks.jobs.peers.by_hand", url, *arguments)),
        )

    def drain(
        self, engine: str, kind: str, rows: int, *, processes: int = 1, ended: int = 0, snapshot: bool = False
    ) -> Figures:
        """A ledger of due jobs, worked off by so many processes; jobs a second from the first start to the last end."""
        words = (*([f"ended:{ended}"] if ended else []), f"waiting:{kind}:{rows}")

        def measure(url: str) -> Figures:
            old = _open_snapshot(url) if snapshot else None
            at = str(time.time() + 5)
            children = [_start(url, "drain", "--at", at) for _ in range(processes)]
            ends = [_end(child) for child in children]
            if old:
                old.run("ROLLBACK")
                old.close()
            return {"rate": rate(url, rows, kind), "cpu_s": sum(end["cpu_s"] for end in ends)}

        return self.on_copy(engine, words, measure)

    def celery(self, broker: str, rows: int, *, full: bool, best: int = 0) -> Figures:
        """Celery alone, a message a job, under the best setting."""
        pool, prefetch = self.best(broker, full=full, rows=max(rows // 2, 1000))[best]
        return self._celery(broker, pool, prefetch, rows, full=full)

    def best(self, broker: str, *, full: bool, rows: int) -> list[tuple[str, int]]:
        """The settings from best to worst, each tried once."""
        found = self._best.get((broker, full))
        if found is None:
            tried = {
                (pool, prefetch): self._celery(broker, pool, prefetch, rows, "--longest", "15", full=full)[
                    "rate"
                ]
                for pool in self.pools
                for prefetch in self.prefetches
            }
            found = self._best[broker, full] = sorted(tried, key=lambda setting: -tried[setting])
            words = "; ".join(
                f"{pool} " + " / ".join(f"{tried[pool, prefetch]:,.0f}" for prefetch in self.prefetches)
                for pool in self.pools
            )
            what = "all messages published before" if full else "from the first publication"
            self.notes.append(
                f"Celery on {broker}, {what}, tasks a second tried once over {rows:,} tasks, prefetch multiplier "
                f"{' / '.join(map(str, self.prefetches))}: {words}. Measured with the best two; the better median counts."
            )
            print(f"  {self.notes[-1]}", file=sys.stderr, flush=True)
        return found

    def _celery(self, broker: str, pool: str, prefetch: int, rows: int, *more: str, full: bool) -> Figures:
        arguments = ["--broker", self.brokers[broker], "--pool", pool, "--prefetch", str(prefetch)]
        arguments += ["--rows", str(rows), *(["--full"] if full else []), *more]
        return _end(_module("benchmarks.jobs.peers.celery_alone", {}, *arguments)) | {
            "setting": f"{pool} prefetch {prefetch}"
        }

    def through_celery(self, broker: str, rows: int, *, pool: str = "prefork:2", chunk: int = 0) -> Figures:
        """The ledger with Celery as its engine: a dispatcher, and one Celery worker on a queue of its own."""

        def measure(url: str) -> Figures:
            from benchmarks.jobs.peers.celery_alone import remove_queue, start_worker, stop_worker

            queue = f"lapwing-bench-{uuid.uuid4().hex[:8]}"
            extra = {
                "LAPWING_BENCH_QUEUE": queue,
                "LAPWING_ENGINE": "celery",
                "LAPWING_BROKER_URL": self.brokers[broker],
                "LAPWING_DATABASE_URL": url,
                "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
            }
            before = dict(os.environ)
            os.environ.update(extra)
            try:
                worker = start_worker("benchmarks.jobs.celery_app", pool, 16)
            finally:
                os.environ.clear()
                os.environ.update(before)
            try:
                _end(_start(url, "dispatch", "--chunk", str(chunk), extra=extra))
                return {"rate": rate(url, rows, "no_op", first="dispatched_at")}
            finally:
                stop_worker(worker)
                remove_queue(self.brokers[broker], queue)

        return self.on_copy("postgresql", (f"waiting:no_op:{rows}",), measure)

    def procrastinate(self, rows: int, concurrency: int) -> Figures:
        """In a database of its own, with the Python of a virtualenv of its own."""
        python = self._procrastinates_python()
        url = self.place.create("postgresql", f"jobs_procrastinate_{os.getpid()}")
        script = Path(__file__).parent / "peers" / "procrastinate_alone.py"
        try:
            child = subprocess.Popen(
                [python, str(script), url, str(rows), str(concurrency)], stdout=subprocess.PIPE, text=True
            )
            return _end(child)
        finally:
            self.place.drop("postgresql", f"jobs_procrastinate_{os.getpid()}")

    def _procrastinates_python(self) -> str:
        folder = self.place.folder.absolute() / ".bench-venv"
        python = folder / "bin" / "python"
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*install, PROCRASTINATE, "psycopg[binary,pool]"], check=True, timeout=600)
            (folder / "ready").touch()
        return str(python)

    def idle(self, part: str, engine: str, seconds: float) -> Figures:
        extra = {"LAPWING_BENCH_QUEUE": "lapwing-bench-idle", "LAPWING_BROKER_URL": self.brokers["Redis"]}
        arguments = ("idle", "--engine", part, "--seconds", str(seconds))
        return self.on_copy(engine, (), lambda url: _end(_start(url, *arguments, extra=extra)))

    def polled(self, engine: str, rows: int) -> Figures:
        """A worker in another process than the one that asks."""

        def measure(url: str) -> Figures:
            worker = _start(url, "work")
            try:
                return ours(url, "poll", "--rows", str(rows))
            finally:
                worker.terminate()
                worker.wait(timeout=30)

        return self.on_copy(engine, (), measure)


def ours(url: str, *arguments: str) -> Figures:
    return _end(_start(url, *arguments))


def rate(url: str, rows: int, kind: str, *, first: str = "a.started_at") -> float:
    """Jobs a second by the ledger's own instants. Raises WorkNotDone."""
    hand = Hand(url)
    attempts, jobs, seconds = hand.one(RATES[hand.engine].format(first=first, before=ENDED_BY))
    left = hand.one("SELECT COUNT(*) FROM jobs_job WHERE status <> 'succeeded'")[0]
    effects = hand.one("SELECT COUNT(*) FROM samples_effect")[0] if kind.startswith("book") else rows
    hand.close()
    if (attempts, jobs, left, effects) != (rows, rows, 0, rows):
        raise WorkNotDone(f"{rows} jobs: {attempts} attempts of {jobs}, {effects} effects, {left} left")
    return rows / float(seconds)


def middle(found: list[Figures], figure: str = "rate") -> float:
    return median(measured[figure] for measured in found)


def _open_snapshot(url: str) -> Hand:
    """A transaction that keeps every dead row version alive; where the session would end it, it is told not to."""
    hand = Hand(url)
    if hand.engine == "postgresql":
        hand.run("SET idle_in_transaction_session_timeout = 0")
        hand.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    else:
        hand.run("BEGIN")
    hand.one("SELECT COUNT(*) FROM samples_effect")
    return hand


def _environment(url: str) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "lapwing.conf.settings", "LAPWING_DATABASE_URL": url}


def _start(url: str, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.Popen:
    return _module("benchmarks.jobs.trial", {**_environment(url), **(extra or {})}, *arguments)


def _module(module: str, extra: Mapping[str, str], *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **extra},
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(child: subprocess.Popen) -> Figures:
    """What it printed; a child that takes too long is ended."""
    try:
        printed, _ = child.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    return json.loads(printed.splitlines()[-1])
