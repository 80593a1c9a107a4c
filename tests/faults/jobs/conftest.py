"""The scenes of jobs, each on a database and beside a world of its own, and the sum of all that was tried."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.faults.children import Children
from tests.faults.conftest import TOLD
from tests.faults.jobs.ledgers import PostgresqlDatabase, SqliteFile
from tests.faults.jobs.outside import Outside
from tests.faults.jobs.scene import Scene
from tests.faults.jobs.servers import Missing, PostgresqlServer, RabbitServer, RedisServer
from tests.faults.jobs.tally import Tally, sum_line
from tests.faults.jobs.world import World
from tests.faults.stage import NOON
from tests.messages.mail_process import MailProcess
from tests.sandbox_provider import SandboxProvider

APPS = "tests.jobs.samples,tests.faults.jobs"
FIGURES = "figures of jobs"
TALLIES = pytest.StashKey[list[Tally]]()


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailProcess]:
    with MailProcess(tmp_path_factory.mktemp("mail")) as server:
        yield server


@pytest.fixture(scope="session")
def hands(tmp_path_factory: pytest.TempPathFactory, mail_server: MailProcess) -> Iterator[Children]:
    """The server of the children that do the deeds of jobs."""
    smtp_url = f"smtp://127.0.0.1:{mail_server.port}"
    home = tmp_path_factory.mktemp("hands")
    server = Children(home, "tests.faults.jobs.deeds", LAPWING_APPS=APPS, LAPWING_SMTP_URL=smtp_url)
    yield server
    server.close()


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], SandboxProvider]]:
    """Sandbox providers, one for each database: their numbers of changes are the same."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(SandboxProvider(tmp_path_factory.mktemp("provider")))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    server = _started(PostgresqlServer)
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = _started(RedisServer)
    yield server
    server.close()


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    server = _started(RabbitServer)
    yield server
    server.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all scenes: numbers of jobs do not meet, because each round begins with an empty file."""
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture(scope="session")
def scenes(
    request: pytest.FixtureRequest, hands: Children, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Scene]:
    """The scene of a vendor, made when it is first asked for."""
    made: dict[str, Scene] = {}

    def scene_of(vendor: str) -> Scene:
        if vendor not in made:
            if vendor == "postgresql":
                database = PostgresqlDatabase(request.getfixturevalue("postgresql_server"))
            else:
                database = SqliteFile(tmp_path_factory.mktemp("ledger") / "ledger.sqlite3")
            made[vendor] = Scene(database, hands, world)
        return made[vendor]

    return scene_of


@pytest.fixture(
    params=[
        pytest.param(vendor, marks=pytest.mark.xdist_group(f"fault-jobs-{vendor}"))
        for vendor in ("sqlite", "postgresql")
    ]
)
def scene(request: pytest.FixtureRequest, scenes: Callable[[str], Scene]) -> Iterator[Scene]:
    scene = scenes(request.param)
    yield scene
    scene.kill_all()


@pytest.fixture
def office(
    scene: Scene, providers: Callable[[], SandboxProvider], mail_server: MailProcess
) -> Iterator[Scene]:
    """The scene with subscriptions at the sandbox provider, and the sandbox mail server."""
    scene.at = NOON
    if scene.outside is None:
        scene.outside = Outside(providers(), mail_server)
        scene.do("build_domain", provider_url=scene.outside.provider.url)
    yield scene
    scene.kill_all()
    scene.at = ""
    mail_server.order("")
    scene.outside.provider.tell("DELETE", "/control/rules")


@pytest.fixture
def on_postgresql(scenes: Callable[[str], Scene]) -> Iterator[Scene]:
    """For what only a server, or several processes on it, can show."""
    scene = scenes("postgresql").clear()
    yield scene
    scene.kill_all()


@pytest.fixture
def tally_of(request: pytest.FixtureRequest) -> Callable[[str], Tally]:
    """A tally that is told at the end of the session, whatever came of the test, and is part of the sum."""

    def new(label: str) -> Tally:
        request.node.stash.setdefault(TALLIES, []).append(Tally(label))
        return request.node.stash[TALLIES][-1]

    return new


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    finally:
        for tally in item.stash.get(TALLIES, []):
            item.user_properties.append((TOLD, tally.line()))
            item.user_properties.append((FIGURES, tally.figures()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    figures = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == FIGURES
    ]
    if figures:
        terminalreporter.line(sum_line(figures))


def _started(server: Callable[[], Any]) -> Any:
    """Skips where the software is missing; with CI=true that is a failure."""
    try:
        return server()
    except Missing as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why))
        pytest.skip(str(why))
