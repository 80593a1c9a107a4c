"""The table and the markdown page: figures, bars and the machine they were measured on."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psycopg

from lapwing.conf.database import POSTGRESQL_SETUP, SQLITE_SETUP


@dataclass(frozen=True)
class Row:
    """One figure of ours against one of a peer. `bar` is None where a figure is for the record."""

    claim: str
    engine: str
    ours: float
    peer: float
    ratio: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        met = self.ratio >= self.bar if self.at_least else self.ratio <= self.bar
        return "met" if met else "MISSED"

    @property
    def bar_words(self) -> str:
        return "" if self.bar is None else f"{'>=' if self.at_least else '<='} {self.bar:g}"


ENGINE_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SERVER_SETTINGS = (
    "shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "max_wal_size", "autovacuum",
)  # fmt: skip


def table(rows: list[Row]) -> str:
    """At most 80 columns."""
    lines = [f"{'':31} {'database':10} {'ours':>8} {'peer':>8} {'ratio':>6} {'bar':>6}"]
    for row in rows:
        lines.append(
            f"{row.claim[:31]:31} {ENGINE_NAMES[row.engine]:10} {_number(row.ours):>8} {_number(row.peer):>8} "
            f"{_number(row.ratio):>6} {row.bar_words:>6} {row.verdict}".rstrip()
        )
    return "\n".join(lines)


def markdown(rows: list[Row], heading: str, server: str) -> str:
    lines = [
        f"## {heading}",
        "",
        "| | database | ours | peer | unit | ratio | bar | |",
        "|---|---|---:|---:|---|---:|---:|---|",
    ]
    lines += [
        f"| {row.claim} | {ENGINE_NAMES[row.engine]} | {_number(row.ours)} | {_number(row.peer)} | {row.unit} "
        f"| {_number(row.ratio)} | {row.bar_words} | {row.verdict} |"
        for row in rows
    ]
    return "\n".join([*lines, "", *(f"* {line}" for line in machine(server)), ""])


def machine(server: str) -> list[str]:
    """What the figures depend on, in lines."""
    cpu = [line.split(":", 1)[1].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _read("/proc/meminfo") if line.startswith("MemTotal")), 0)
    lines = [
        f"Measured on {date.today()}: {os.cpu_count()} processors ({cpu[0] if cpu else platform.processor()}), "
        f"{memory / 1_048_576:.0f} GB of memory.",
        f"Python {platform.python_version()}, Django {version('django')}, psycopg {version('psycopg')}, "
        f"SQLite {sqlite3.sqlite_version}.",
        f"Session settings, ours and the peers' alike: SQLite `{SQLITE_SETUP}`; PostgreSQL `{POSTGRESQL_SETUP}`.",
    ]
    try:
        with psycopg.connect(f"{server}/postgres") as connection:
            name = connection.execute("SHOW server_version").fetchone()
            found = [(s, connection.execute(f"SHOW {s}").fetchone()) for s in SERVER_SETTINGS]
        lines.append(f"PostgreSQL {name[0]}: " + ", ".join(f"{s} {v[0]}" for s, v in found) + ".")
    except psycopg.OperationalError:
        pass
    return lines


def _read(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
