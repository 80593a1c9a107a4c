"""The database's own time and the few words in which its SQL differs, for the ledger's hand-written statements."""

from datetime import UTC, datetime

from django.db import connection

from lapwing.core.sql import rows

_SQLITE = "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now'{})"


def now_sql() -> str:
    """The instant at which the statement runs."""
    return "clock_timestamp()" if connection.vendor == "postgresql" else _SQLITE.format("")


def after_sql(seconds: str) -> str:
    """The instant so many seconds from now; `seconds` is SQL: a placeholder or a column."""
    if connection.vendor == "postgresql":
        return f"clock_timestamp() + make_interval(secs => {seconds})"
    return _SQLITE.format(f", ({seconds}) || ' seconds'")


def steady_now_sql(seconds: float = 0) -> str:
    """The same instant for all rows of a statement, so many seconds from now: what an index can be searched for."""
    if connection.vendor == "postgresql":
        return f"(statement_timestamp() + interval '{seconds:f} seconds')"
    return _SQLITE.format(f", '{seconds:f} seconds'")


def earlier_sql(one: str, other: str) -> str:
    """The earlier of two instants."""
    return f"{'least' if connection.vendor == 'postgresql' else 'min'}({one}, {other})"


def records_sql(**columns: str) -> str:
    """A table `v` of the objects in one JSON parameter; `columns` gives each its PostgreSQL type."""
    if connection.vendor == "postgresql":
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"jsonb_to_recordset(%s::jsonb) AS v({typed})"
    chosen = ", ".join(f"value ->> '{name}' AS {name}" for name in columns)
    return f"(SELECT {chosen} FROM json_each(%s)) AS v"


def instant(value: datetime | str | None) -> datetime | None:
    """What a raw cursor gives for an instant: SQLite a text in UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def stored(at: datetime) -> datetime | str:
    """An instant as a parameter of a hand-written statement."""
    if connection.vendor == "postgresql":
        return at
    return str(at.astimezone(UTC).replace(tzinfo=None))  # as Django writes it: they are compared as texts


def machine_now() -> datetime:
    """The database's present instant."""
    found = instant(rows(f"SELECT {now_sql()} WHERE %s = 1", [1])[0][0])
    assert found is not None
    return found
