"""Registries: kinds of work find themselves by being a module in a known folder."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from django.apps import apps

from lapwing.core.errors import Refused


class Named(Protocol):
    name: str


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """Names to things of one sort. The stored key is the name, never a Python path.

    The modules in the folder of that name of every installed app register themselves when they are imported, which
    happens at the first look-up; so another Django app can bring kinds of its own.
    """

    def __init__(self, what: str, *, folder: str) -> None:
        self.what = what
        self._folder = folder
        self._things: dict[str, T] = {}
        self._discovered = False

    def register(self, thing: T) -> T:
        """Raises ValueError when another thing has the name already."""
        if thing.name in self._things:
            raise ValueError(f"two {self.what}s are named {thing.name!r}")
        self._things[thing.name] = thing
        return thing

    def get(self, name: str) -> T:
        """Raises Refused `unknown_<what>` for a name nobody registered."""
        self._discover()
        try:
            return self._things[name]
        except KeyError:
            known = ", ".join(sorted(self._things))
            raise Refused(
                f"unknown_{self.what.replace(' ', '_')}", f"there is no {self.what} {name!r}; known: {known}"
            ) from None

    def __iter__(self) -> Iterator[T]:
        self._discover()
        return iter([self._things[name] for name in sorted(self._things)])

    def _discover(self) -> None:
        if self._discovered:
            return
        for app in apps.get_app_configs():
            package_name, path = f"{app.name}.{self._folder}", Path(app.path)
            if app.label == self._folder.partition(".")[0]:  # our own folder is an app itself
                package_name, path = f"{app.name.rpartition('.')[0]}.{self._folder}", path.parent
            if path.joinpath(*self._folder.split(".")).is_dir():
                package = importlib.import_module(package_name)
                for module in pkgutil.iter_modules(package.__path__):
                    importlib.import_module(f"{package_name}.{module.name}")
        self._discovered = True
