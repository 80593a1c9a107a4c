"""The two stages, and the lines that trials leave at the end of the session."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.faults.children import Children
from tests.faults.databases import Database, Postgresql, Sqlite, why_unreachable
from tests.faults.stage import Stage

TOLD = "told by a trial"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that share a worker, where xdist is used")


@pytest.fixture(scope="session")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Children]:
    server = Children(tmp_path_factory.mktemp("children"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def stages(children: Children, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """The stage of a vendor, made when it is first asked for."""
    made: dict[str, Stage] = {}

    def stage_of(vendor: str) -> Stage:
        if vendor not in made:
            made[vendor] = Stage(_database(vendor, tmp_path_factory), children)
        return made[vendor]

    yield stage_of
    for stage in made.values():
        stage.database.remove()


@pytest.fixture(
    params=[
        pytest.param(vendor, marks=pytest.mark.xdist_group(f"faults-{vendor}"))
        for vendor in ("sqlite", "postgresql")
    ]
)
def stage(request: pytest.FixtureRequest, stages: Callable[[str], Stage]) -> Stage:
    return stages(request.param)


@pytest.fixture
def postgresql_stage(stages: Callable[[str], Stage]) -> Stage:
    """For what only a database with row locks can show."""
    return stages("postgresql")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a line for the end of the session, also when workers run the tests."""

    def keep(line: str) -> None:
        request.node.user_properties.append((TOLD, line))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    lines = [
        line
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, line in report.user_properties
        if name == TOLD
    ]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)


def _database(vendor: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    if vendor == "sqlite":
        return Sqlite(tmp_path_factory.mktemp("sqlite"))
    if why := why_unreachable():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return Postgresql()
