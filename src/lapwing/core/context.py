"""Who acts: the name that every change and every audit entry carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SYSTEM = "system"
_actor: ContextVar[str] = ContextVar("lapwing_actor", default=SYSTEM)


def actor() -> str:
    """The user on whose behalf this code runs; `system` for the scheduler and for set-up."""
    return _actor.get()


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    token = _actor.set(name)
    try:
        yield
    finally:
        _actor.reset(token)
