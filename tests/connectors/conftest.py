"""One server of each sort for all tests of a process; each test uses services of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from lapwing.connectors.orders import Event, ServiceOrder
from tests.connectors.freeradius import Radius, freeradius
from tests.connectors.systems import SYSTEMS, LdapSystem, SandboxSystem, ScimSystem, System

_numbers = count(1)


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], System]]:
    started: dict[str, System] = {}
    with ExitStack() as stack:

        def get(name: str) -> System:
            if name not in started:
                started[name] = stack.enter_context(SYSTEMS[name](tmp_path_factory.mktemp(name)))
            return started[name]

        yield get


def _fresh(system: System) -> System:
    system.wire.reset()
    if isinstance(system, SandboxSystem):
        system.behave()
    return system


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"provider_{name}")) for name in SYSTEMS]
)
def system(request: pytest.FixtureRequest, _servers: Callable[[str], System]) -> System:
    return _fresh(_servers(request.param))


@pytest.fixture
def scim_system(_servers: Callable[[str], System]) -> ScimSystem:
    return _fresh(_servers("scim"))


@pytest.fixture
def ldap_system(_servers: Callable[[str], System]) -> LdapSystem:
    return _fresh(_servers("ldap"))


@pytest.fixture
def sandbox_system(_servers: Callable[[str], System]) -> SandboxSystem:
    return _fresh(_servers("sandbox"))


@pytest.fixture(scope="session")
def radius(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radius]:
    with freeradius(tmp_path_factory.mktemp("radius")) as server:
        yield server


@pytest.fixture
def service() -> str:
    """A number that no other test has, with letters that address, filter and name syntaxes know."""
    return f'S-{next(_numbers)}/ä "x"+(a=b),*&?#'


def order(service: str, revision: int, **what: object) -> ServiceOrder:
    """Active, one fibre line, unless said otherwise; the key is the change's."""
    values = {"event": Event.UPDATE, "active": True, "quantity": 1, "product": "fibre-100", **what}
    return ServiceOrder(
        key=f"{service}-change-{revision}".replace("ä", "ae"), service=service, revision=revision, **values
    )
