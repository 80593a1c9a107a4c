"""The two databases: where bases and their copies live, and raw connections with Lapwing's own session settings."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from lapwing.conf.database import POSTGRESQL_SETUP, SQLITE_SETUP

ENGINES = ("sqlite", "postgresql")


class Hand:
    """A raw connection. Statements are written once with `:name` for a parameter; psycopg gets `%(name)s`."""

    def __init__(self, url: str) -> None:
        self.engine = engine_of(url)
        if self.engine == "sqlite":
            self.raw: Any = sqlite3.connect(_file(url), isolation_level=None, timeout=120)
            for pragma in SQLITE_SETUP.split(";"):
                self.raw.execute(pragma)
        else:
            self.raw = psycopg.connect(
                url,
                autocommit=True,
                options=POSTGRESQL_SETUP,
                prepare_threshold=None,
                cursor_factory=psycopg.ClientCursor,
            )

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Executes one statement and returns the cursor."""
        if self.engine == "postgresql" and parameters is not None:
            statement = re.sub(r"(?<!:):([a-z_]+)\b", r"%(\1)s", statement.replace("%", "%%"))
        return self.raw.execute(statement) if parameters is None else self.raw.execute(statement, parameters)

    def one(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple:
        return self.run(statement, parameters).fetchone()

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE" if self.engine == "sqlite" else "BEGIN")

    def commit(self) -> None:
        self.run("COMMIT")

    @property
    def backend(self) -> int | None:
        return self.raw.info.backend_pid if self.engine == "postgresql" else None

    def close(self) -> None:
        self.raw.close()


def cpu_seconds(backend: int | None) -> float:
    """Processor time of this process and of its PostgreSQL backend: what other work on the machine hardly changes."""
    if backend is None:
        return time.process_time()
    ticks = Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def engine_of(url: str) -> str:
    return url.split(":", 1)[0]


class Place:
    """Where bases and copies are kept; a copy belongs to one trial and is dropped after it."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server = folder, server.rstrip("/")
        folder.mkdir(parents=True, exist_ok=True)

    def url(self, engine: str, name: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{self.folder / f'bench_{name}.sqlite3'}"
        return f"{self.server}/bench_{name}"

    def exists(self, engine: str, name: str) -> bool:
        if engine == "sqlite":
            return _file(self.url(engine, name)).exists()
        return bool(self._on_server("SELECT 1 FROM pg_database WHERE datname = %s", f"bench_{name}"))

    def create(self, engine: str, name: str) -> str:
        self.drop(engine, name)
        if engine == "postgresql":
            self._on_server(f"CREATE DATABASE bench_{name}")
        return self.url(engine, name)

    def copy(self, engine: str, base: str, name: str) -> str:
        """A fresh copy of a base, written to the disk before any clock starts."""
        self.drop(engine, name)
        url = self.url(engine, name)
        if engine == "sqlite":
            shutil.copyfile(_file(self.url(engine, base)), _file(url))
            os.sync()
        else:
            self._on_server(f"CREATE DATABASE bench_{name} TEMPLATE bench_{base} STRATEGY FILE_COPY")
            self._on_server("CHECKPOINT")
        return url

    def rename(self, engine: str, old: str, new: str) -> None:
        if engine == "sqlite":
            os.replace(_file(self.url(engine, old)), _file(self.url(engine, new)))
        else:
            self._on_server(f"ALTER DATABASE bench_{old} RENAME TO bench_{new}")

    def drop(self, engine: str, name: str) -> None:
        if engine == "sqlite":
            for ending in ("", "-wal", "-shm"):
                Path(f"{_file(self.url(engine, name))}{ending}").unlink(missing_ok=True)
        else:
            self._on_server(f"DROP DATABASE IF EXISTS bench_{name} (FORCE)")

    def _on_server(self, statement: str, *parameters: str) -> list[tuple]:
        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []


def in_process(module: str, url: str, *arguments: str) -> str:
    """Runs a module in a process of its own on that database; returns what it printed."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
        "LAPWING_DATABASE_URL": url,
    }
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def peak_memory_mb() -> float:
    """The most memory this process has had. Not ru_maxrss, which begins with the parent's at the fork."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)
