"""Wakes the workers of this process once a job is committed; polling is the truth, this saves the wait."""

import threading

from django.db import transaction

_sleepers: set[threading.Event] = set()


def wake_after_commit() -> None:
    if _sleepers:
        transaction.on_commit(wake, robust=True)


def wake() -> None:
    for sleeper in list(_sleepers):
        sleeper.set()


def listen(sleeper: threading.Event) -> None:
    _sleepers.add(sleeper)


def stop_listening(sleeper: threading.Event) -> None:
    _sleepers.discard(sleeper)
