"""One database of each vendor for all trials of a session, whose content can be kept under a name and put back."""

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.both_databases import DEFAULT_URL, HOW_TO_START

POSTGRESQL_URL = os.environ.get("LAPWING_TEST_POSTGRESQL_URL", DEFAULT_URL)
PREFIX = "lapwing_faults_"


class Database(Protocol):
    vendor: str
    label: str
    url: str

    def connect(self) -> Any:
        """A DB-API connection of its own, past Django."""
        ...

    def keep(self, name: str) -> None:
        """Keeps the present content under a name."""
        ...

    def put_back(self, name: str) -> None:
        """Makes the content what it was when it was kept. No child is at work."""
        ...

    def remove(self) -> None: ...


class Sqlite:
    vendor, label = "sqlite", "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "live.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)

    def keep(self, name: str) -> None:
        with closing(self.connect()) as connection, closing(sqlite3.connect(self._folder / name)) as copy:
            connection.backup(copy)

    def put_back(self, name: str) -> None:
        for ending in ("-wal", "-shm"):
            Path(f"{self._file}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._folder / name, self._file)

    def remove(self) -> None:
        shutil.rmtree(self._folder)


class Postgresql:
    """The kept contents are schemas of the same database: putting one back takes a tenth of copying a database."""

    vendor, label = "postgresql", "PostgreSQL"

    def __init__(self) -> None:
        server = POSTGRESQL_URL.rpartition("/")[0]
        self._name, self._maintenance = f"{PREFIX}{os.getpid()}", f"{server}/postgres"
        self.url = f"{server}/{self._name}"
        with psycopg.connect(self._maintenance, autocommit=True) as connection:
            _drop_left_behind(connection)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._name)))

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url)

    def keep(self, name: str) -> None:
        schema = sql.Identifier(f"kept_{name}")
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
            for table in self._tables(connection):
                connection.execute(
                    sql.SQL("CREATE TABLE {}.{} AS TABLE public.{}").format(schema, table, table)
                )
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ANALYZE")

    def put_back(self, name: str) -> None:
        schema = sql.Identifier(f"kept_{name}")
        with self.connect() as connection:
            self._wait_until_alone(connection)
            # Neither foreign keys nor the guards of the append-only tables look at what a replica writes.
            connection.execute("SET session_replication_role = replica")
            for table in self._tables(connection):
                connection.execute(sql.SQL("DELETE FROM public.{}").format(table))
                connection.execute(
                    sql.SQL("INSERT INTO public.{} SELECT * FROM {}.{}").format(table, schema, table)
                )
            for table, column, sequence in self._sequences(connection):
                connection.execute(
                    sql.SQL(
                        "SELECT setval(%s, COALESCE((SELECT MAX({}) FROM public.{}), 0) + 1, false)"
                    ).format(sql.Identifier(column), sql.Identifier(table)),
                    [sequence],
                )

    def remove(self) -> None:
        with psycopg.connect(self._maintenance, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._name))
            )

    def _tables(self, connection: psycopg.Connection) -> list[sql.Identifier]:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [sql.Identifier(name) for (name,) in found]

    def _sequences(self, connection: psycopg.Connection) -> list[tuple[str, str, str]]:
        return connection.execute(
            "SELECT table_name, column_name, pg_get_serial_sequence(table_name, column_name) "
            "FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'"
        ).fetchall()

    def _wait_until_alone(self, connection: psycopg.Connection) -> None:
        """The server notices within moments that a client was killed, unless it is in the middle of a statement."""
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        for _ in range(3000):
            if connection.execute(others).fetchone() == (0,):
                return
            connection.commit()  # statistics are read once a transaction
            time.sleep(0.01)
        raise AssertionError("a killed child's session is still there after 30 seconds")


def why_unreachable() -> str:
    """Empty when PostgreSQL answers."""
    try:
        psycopg.connect(POSTGRESQL_URL.rpartition("/")[0] + "/postgres", connect_timeout=5).close()
    except psycopg.OperationalError as error:
        shown = urlsplit(POSTGRESQL_URL)
        return f"no PostgreSQL at {shown.hostname}:{shown.port} ({' '.join(str(error).split())[:120]}); {HOW_TO_START}"
    return ""


def _drop_left_behind(connection: psycopg.Connection) -> None:
    """Databases of sessions that were killed before they could clean up."""
    names = connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
    ).fetchall()
    for (name,) in names:
        number = re.sub(r"\D", "", name)
        if number and not Path(f"/proc/{number}").exists():
            with suppress(psycopg.Error):
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
