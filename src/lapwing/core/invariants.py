"""Invariants: what must be so at any time. `lapwing verify` recomputes every one of them from the rows."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.apps import apps

Find = Callable[[], Iterator[str]]
SHOWN = 20


@dataclass(frozen=True)
class Invariant:
    """`find` yields one line for each thing that is not as it must be: the object, what was expected, what found."""

    name: str
    statement: str
    find: Find


_invariants: dict[str, Invariant] = {}


def invariant(statement: str) -> Callable[[Find], Find]:
    """Registers a function of an app's `checks.py` under its own name."""

    def register(find: Find) -> Find:
        _invariants[find.__name__] = Invariant(find.__name__, statement, find)
        return find

    return register


def all_invariants() -> list[Invariant]:
    """Those of every installed app that has a `checks` module."""
    for app in apps.get_app_configs():
        if app.name.startswith("lapwing."):
            try:
                importlib.import_module(f"{app.name}.checks")
            except ModuleNotFoundError as error:
                if error.name != f"{app.name}.checks":
                    raise
    return sorted(_invariants.values(), key=lambda each: each.name)
