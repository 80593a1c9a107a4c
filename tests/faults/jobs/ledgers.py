"""The databases of these tests: a file, or a database of the cluster that the suite started."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.faults.jobs.servers import PostgresqlServer

EMPTIED = (
    "jobs_joblink",
    "jobs_jobattempt",
    "jobs_archivedjob",
    "jobs_job",
    "jobs_joblimit",
    "samples_effect",
)


class LedgerDatabase(Protocol):
    vendor: str
    label: str
    url: str

    def connect(self) -> Any:
        """A DB-API connection of its own, past Django."""
        ...


class SqliteFile:
    vendor, label = "sqlite", "SQLite"

    def __init__(self, file: Path) -> None:
        self.file, self.url = file, f"sqlite:///{file}"

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=60)


class PostgresqlDatabase:
    vendor, label = "postgresql", "PostgreSQL"

    def __init__(self, server: PostgresqlServer) -> None:
        self.server, self.url = server, server.url

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url)


def empty(database: LedgerDatabase) -> None:
    """No job is left, nor what jobs did; numbers go on, so that no later job is taken for an earlier one."""
    with closing(database.connect()) as connection:
        for table in EMPTIED:
            connection.execute(f"DELETE FROM {table}")
        connection.commit()
