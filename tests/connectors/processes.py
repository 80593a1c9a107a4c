"""Real servers as processes of the test: on a free port of loopback, stopped by their own process id."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

PATIENCE_S = 30.0


def needs(program: str, packages: str) -> str:
    """The program's path. Skips the test where it is not installed; with CI=true that is a failure."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found:
        return found
    line = f"{program} is not installed; on Debian: apt-get install --no-install-recommends {packages}"
    if os.environ.get("CI") == "true":
        pytest.fail(line)
    pytest.skip(line)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(
    command: Sequence[str], ready: Callable[[], bool], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process from the moment it is ready; its output goes to the log."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}
        )
    try:
        _wait(process, ready, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise AssertionError(
                f"{process.args} did not get ready: {log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.02)
