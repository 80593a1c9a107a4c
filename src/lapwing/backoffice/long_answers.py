"""Answers that may take long, files and full counts, share a few places: the other threads stay free for pages.

Places are a process's own, as its threads are (`lapwing web` has eight).
"""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from lapwing.core.errors import Refused

AT_ONCE = 4
WAIT_S = 2.0
_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def place() -> Iterator[None]:
    """Raises Refused `busy` where all are taken and none becomes free soon."""
    _take()
    try:
        yield
    finally:
        _places.release()


class InPlace:
    """A streamed answer that keeps its place until it is closed, read to its end or not. Raises Refused `busy`."""

    def __init__(self, content: Iterable[Any]) -> None:
        _take()
        self.close: Callable[[], Any] = weakref.finalize(self, _places.release)  # once, whoever comes first
        self._content = content

    def __iter__(self) -> Iterator[Any]:
        yield from self._content


def _take() -> None:
    if not _places.acquire(timeout=WAIT_S):
        raise Refused(
            "busy",
            _("%(count)d files or full counts are being made already; try again in a moment")
            % {"count": AT_ONCE},
        )
