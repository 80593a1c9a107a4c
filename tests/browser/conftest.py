"""The real service on a port of its own, and Debian's Chromium before it. Skipped where there is no Chromium; with
CI=true that is a failure.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest

from tests.cli.test_commands import DEFINITION, FILES, LAPWING, NOON, Home

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
STARTS_WITHIN_S = 120  # on a machine that has much else to do
HOW_TO_INSTALL = "there is no Chromium; on Debian: apt-get install --no-install-recommends chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None and os.environ.get("CI") != "true":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=HOW_TO_INSTALL))


@dataclass
class Service:
    """Where the screens are, and the data behind them."""

    url: str
    home: Home
    said: list[str] = field(default_factory=list)  # what the browser complained of

    def password_of(self, name: str) -> str:
        lines = (self.home.path / "sandbox-login").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.split()[0] == name)

    @property
    def administrator(self) -> str:
        return (self.home.path / "sandbox-login").read_text().split()[0]


@contextmanager
def served(home: Path, command: str = "web", **environment: str) -> Iterator[str]:
    """The screens of that data directory at a port of their own; `serve` has scheduler and workers with them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}
    with tempfile.TemporaryFile("w+") as said:  # a pipe that nobody empties would stop the service one day
        started = subprocess.Popen(
            [LAPWING, command, "--port", "0"],
            env={**clean, "LAPWING_HOME": str(home), "LAPWING_CLOCK": NOON, **environment},
            stderr=said,
            text=True,
        )
        try:
            yield _answering(started, said)
        finally:
            started.terminate()
            started.wait(timeout=30)


def _answering(started: subprocess.Popen, said: TextIO) -> str:
    """Its address, once it answers there: the port is told before the web server listens on it."""
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and started.poll() is None:
        said.seek(0)
        if (found := re.search(r"http://([0-9.]+):([0-9]+)", said.read())) and _listens(*found.groups()):
            return found.group()
        time.sleep(0.1)
    said.seek(0)
    raise AssertionError(f"the service does not answer after {STARTS_WITHIN_S} s, it said: {said.read()}")


def _listens(host: str, port: str) -> bool:
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small base, one definition that needs approval, and `lapwing serve`."""
    assert CHROMIUM, HOW_TO_INSTALL
    home = Home(tmp_path_factory.mktemp("service"))
    home.ok("init", "--sandbox")
    (home.path / "files").mkdir()
    for name, text in FILES.items():
        (home.path / "files" / name).write_text(text)
    home.ok("import", "files")
    (home.path / "ngc.yaml").write_text(DEFINITION.replace("100}", "100, approval: true}"))
    home.ok("definition", "apply", "ngc.yaml")
    with served(home.path, "serve") as url:
        yield Service(url, home)


@pytest.fixture
def browser(service: Service) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def page_of(browser, service: Service, name: str, **options):
    """A page of a user who has just signed in; what the browser complains of is kept."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: message.type == "error" and service.said.append(message.text))
    page.on("pageerror", lambda error: service.said.append(str(error)))
    page.on(
        "request",
        lambda asked: asked.url.startswith((service.url, "data:")) or service.said.append(asked.url),
    )
    page.goto(f"{service.url}/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(service.password_of(name))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="What needs a person now").wait_for()
    service.said.clear()
    return page
