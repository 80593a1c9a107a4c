"""Parts that run until they are stopped, each a child that is started again when it dies."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import click

RESTART_AFTER_S = 1.0
WATCHED = "LAPWING_WATCHED"
PR_SET_PDEATHSIG = 1


def until_stopped() -> threading.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def watched(
    service: Callable[[], None], permission: str, *, beside: Callable[..., list[str]] | None = None
) -> Callable[..., None]:
    """The service as a child that is started again when it dies; in the child, the service itself. `beside` gives the
    arguments of a second child, which lives as long.
    """

    def run(**options: Any) -> None:
        from lapwing.identity.permissions import Permission
        from lapwing.identity.queries import require

        if os.environ.get(WATCHED):
            service()
            return
        require(Permission(permission))
        stop = until_stopped()
        second = beside(**options) if beside else None
        _watch(stop, sys.argv[1:], second)

    return run


def _watch(stop: threading.Event, first: list[str], second: list[str] | None) -> None:
    """Until a signal comes, or the first child has ended by itself for good."""
    children = [_start(arguments) for arguments in (first, second) if arguments]
    while not stop.wait(0.2):
        for position, child in enumerate(children):
            if child.poll() is None:
                continue
            if position == 0 and child.returncode in (0, 2):
                _end(children[1:])
                sys.exit(child.returncode)
            what = "the service" if position == 0 else "the web server"
            click.echo(f"{what} ended with code {child.returncode}; it is started again", err=True)
            time.sleep(RESTART_AFTER_S)
            children[position] = _start((first, second or [])[position])
    _end(children[1:])
    sys.exit(_end(children[:1]))


def _start(arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lapwing.cli", *arguments], env={**os.environ, WATCHED: "1"}
    )


def _end(children: list[subprocess.Popen]) -> int:
    """Lets children finish what is under way; the last one's code."""
    code = 0
    for child in children:
        child.send_signal(signal.SIGTERM)
        code = child.wait()
    return code


def end_with_parent() -> None:
    """In the child, also after an exec: Linux ends it when its parent dies, so that none is left that nobody stops."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
