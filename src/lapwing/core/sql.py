"""Set-based statements that Django's ORM does not write: INSERT … SELECT, locks in key order, statistics."""

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, models, transaction
from django.db.models import Aggregate, CharField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce


def insert_select(model: type[models.Model], columns: Mapping[str, Any], source: QuerySet) -> int:
    """Writes one row of `model` for each row of `source`; returns how many.

    `columns` maps field names of `model` to a name in `source` (a string), an expression, or a plain value that
    is written as a literal of the field's type; a literal text is text("…"). One statement is sent; no row comes
    to the client.
    """
    names, select, parameters = _insert(model, columns, source)
    return execute(f"{names} {select}", parameters)


def insert_select_new(model: type[models.Model], columns: Mapping[str, Any], source: QuerySet) -> int:
    """As `insert_select`, but leaves out rows that a unique index refuses."""
    names, select, parameters = _insert(model, columns, source)
    # SQLite reads ON CONFLICT after a bare SELECT as part of a join.
    return execute(
        f"{names} SELECT * FROM ({select}) AS source WHERE true ON CONFLICT DO NOTHING", parameters
    )


def _insert(model: type[models.Model], columns: Mapping[str, Any], source: QuerySet) -> tuple[str, str, Any]:
    names, chosen = [], []
    for position, (field_name, value) in enumerate(columns.items()):
        field = model._meta.get_field(field_name)
        names.append(field.column)
        if isinstance(value, str):
            value = F(value)
        elif not hasattr(value, "resolve_expression"):
            value = Value(value, output_field=field)
        source = source.annotate(**{f"column_{position}": value})
        chosen.append(f"column_{position}")
    select, parameters = source.values_list(*chosen).query.sql_with_params()
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    return f"INSERT INTO {table(model)} ({quoted})", select, parameters


def text(literal: str) -> Value:
    """A literal text among the columns of `insert_select`, where a plain string is a name."""
    return Value(literal, output_field=CharField())


def execute(statement: str, parameters: Any = ()) -> int:
    """Runs one statement; returns the number of rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def rows(statement: str, parameters: Any = ()) -> list[tuple]:
    """All rows of one small result."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def among(keys: Collection[int]) -> tuple[str, list[Any]]:
    """A condition on a column and its one parameter, however many keys: `f"id {condition}"`."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [list(keys)]
    return "IN (SELECT value FROM json_each(%s))", [json.dumps(list(keys))]


def capped_count(queryset: QuerySet, cap: int = 10_000) -> int:
    """How many rows, counted no further than cap + 1: more than `cap` means "more than cap"."""
    return queryset.order_by()[: cap + 1].count()


def first_of_either(queryset: QuerySet, ways: Sequence[Q], order: str, limit: int) -> list[Any]:
    """The first rows that meet one of several conditions. Each is looked up by itself along its own index: of an OR,
    the planner may read the whole table in order.
    """
    keys: set[Any] = set()
    for way in ways:
        keys.update(queryset.filter(way).order_by(order).values_list("pk", flat=True)[:limit])
    return list(queryset.filter(pk__in=keys).order_by(order)[:limit])


def table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def lock_in_key_order(queryset: QuerySet) -> None:
    """Locks the rows of `queryset` in the order of their keys, so that two lockers never wait for each other.

    Nothing comes to the client. On SQLite a writing transaction holds the whole database already.
    """
    if connection.vendor == "postgresql":
        select, parameters = (
            queryset.order_by("pk").select_for_update(no_key=True).values("pk").query.sql_with_params()
        )
        rows(f"SELECT count(*) FROM ({select}) locked", parameters)


def lock_what_is_free(queryset: QuerySet) -> None:
    """Locks the rows that nobody else holds, without waiting for the others."""
    if connection.vendor == "postgresql":
        free = queryset.order_by("pk").select_for_update(no_key=True, skip_locked=True).values("pk")
        select, parameters = free.query.sql_with_params()
        rows(f"SELECT count(*) FROM ({select}) locked", parameters)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All statements in the block see the database at one moment, whoever writes meanwhile."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost and connection.vendor == "postgresql":
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


class TookTooLong(RuntimeError):
    """A question was not answered in the time it was given; nothing was changed."""


@contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    """The database gives up a statement of the block that takes longer. Only for reads. Raises TookTooLong."""
    limited = _limited_on_sqlite if connection.vendor == "sqlite" else _limited_on_postgresql
    try:
        with transaction.atomic(), limited(seconds):
            yield
    except OperationalError as error:
        if "interrupted" in str(error) or "statement timeout" in str(error):
            raise TookTooLong(f"no answer within {seconds:g} s") from error
        raise


@contextmanager
def _limited_on_postgresql(seconds: float) -> Iterator[None]:
    execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    yield
    execute("SET LOCAL statement_timeout TO DEFAULT")


@contextmanager
def _limited_on_sqlite(seconds: float) -> Iterator[None]:
    ends_at = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > ends_at, 10_000)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def analyze(model: type[models.Model]) -> None:
    """Gives PostgreSQL's planner the size of a table that was just filled; SQLite plans without."""
    if connection.vendor == "postgresql":
        execute(f"ANALYZE {table(model)}")


class Unindexed(Func):
    """The column itself, but SQLite does not look it up in an index: without statistics it takes one for a range
    that holds half of all rows. PostgreSQL judges by its statistics.
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


class OfTheGroup(Coalesce):
    """A value that follows from the key of the group, so the statement need not group by it as well."""

    def get_group_by_cols(self) -> list:
        return []


class JoinedText(Aggregate):
    """Each row's values with colons between them, one blank between two rows, in no certain order."""

    function = "STRING_AGG"
    arg_joiner = " || ':' || "
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = CharField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **context)
