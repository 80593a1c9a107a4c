"""What every command needs before it begins: Django, the actor, the clock, and refusals as one line."""

import functools
import getpass
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click


def configure() -> None:
    """Sets Django up once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lapwing.conf.settings")
    try:
        import django

        django.setup()
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def command(group: click.Group, name: str, *, view: bool = True, **attributes: Any) -> Callable:
    """Registers a command that runs as the present user; `--as` acts as another one, in a sandbox."""

    def register(function: Callable) -> click.Command:
        @functools.wraps(function)
        def run(*args: Any, as_user: str | None, **kwargs: Any) -> Any:
            configure()
            refuse_broken_text(as_user, *args, *kwargs.values())
            with ExitStack() as stack:
                enter(stack, as_user, view=view)
                return function(*args, **kwargs)

        option = click.option("--as", "as_user", metavar="USER", help="Act as another user (sandbox only).")
        return group.command(name, **attributes)(option(run))

    return register


def refuse_broken_text(*values: Any) -> None:
    """Arguments whose bytes are no text (UTF-8), or that hold NUL, cannot name anything."""
    for value in values:
        text = value if isinstance(value, str) else str(value) if isinstance(value, Path) else ""
        if any("\ud800" <= character <= "\udfff" or character == "\0" for character in text):
            raise click.UsageError("an argument is no valid text (UTF-8)")


def enter(stack: ExitStack, as_user: str | None, *, view: bool) -> None:
    """Acts as the operating system's user or, in a sandbox, as another; sets a sandbox's clock."""
    from lapwing.core.context import acting_as
    from lapwing.core.errors import Refused
    from lapwing.identity.permissions import Permission
    from lapwing.identity.queries import organisation, require

    set_clock()
    if as_user and not organisation().is_sandbox:
        raise Refused("not_a_sandbox", "--as works in a sandbox only; make one with: lapwing init --sandbox")
    stack.enter_context(acting_as(as_user or getpass.getuser()))
    if view:
        organisation()
        require(Permission.VIEW)


def set_clock(*, sandbox: bool | None = None) -> None:
    """Lets business time stand at LAPWING_CLOCK. Raises Refused `clock_outside_sandbox`, `bad_clock`."""
    from lapwing.core import clock
    from lapwing.core.errors import Refused
    from lapwing.identity.queries import organisation

    text = os.environ.get("LAPWING_CLOCK", "")
    if not text:
        return
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            "bad_clock", f"LAPWING_CLOCK {text!r} is not an instant; write 2015-03-10T02:00:00+00:00"
        ) from None
    if sandbox is None:
        own = organisation()
        sandbox = own.is_sandbox
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=own.zone)
    if not sandbox:
        raise Refused("clock_outside_sandbox", "LAPWING_CLOCK is set, but this is no sandbox; unset it")
    if not FIRST_YEAR < instant.year < LAST_YEAR:
        raise Refused("bad_clock", f"LAPWING_CLOCK {text} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    if instant.tzinfo is None:
        from zoneinfo import ZoneInfo

        from django.conf import settings

        instant = instant.replace(tzinfo=ZoneInfo(settings.ORGANISATION["time_zone"]))
    clock.stand_at(instant)


FIRST_YEAR, LAST_YEAR = 1900, 2200


class Day(click.ParamType):
    """A date as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date; write it like 2015-03-10", param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{value} is not in the years {FIRST_YEAR} to {LAST_YEAR}", param, ctx)
        return day


DAY = Day()


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal; without one, --yes is needed."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked here: say --yes.")
    click.confirm(question, abort=True, err=True)


def as_line(error: Exception) -> str:
    """An error as the person on call reads it: the reason and a code, one line, no traceback."""
    from lapwing.core.errors import Refused

    if isinstance(error, Refused):
        return " ".join(str(error).split())
    from django.db import DatabaseError, InterfaceError

    from lapwing.connectors.errors import ConnectorError

    if isinstance(error, ConnectorError):
        return " ".join(str(error).split())
    text = " ".join(str(error).split())[:300]
    if isinstance(error, DatabaseError | InterfaceError):
        missing = ("no such table", "does not exist", "unable to open database file", "no such column")
        if any(words in text for words in missing):
            return (
                f"the database is not set up or not up to date; run: lapwing init ({text}) (not_initialised)"
            )
        return f"the database does not answer as expected: {text} (database_error)"
    if isinstance(error, OSError):
        return f"{text} (file_error)"
    if os.environ.get("LAPWING_TRACEBACK"):
        raise error
    return f"unexpected {type(error).__name__}: {text}; LAPWING_TRACEBACK=1 shows where (internal_error)"


def path_argument(name: str, **attributes: Any) -> Callable:
    return click.argument(name, type=click.Path(path_type=Path), **attributes)


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
