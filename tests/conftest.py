"""What all tests stand on: an organisation in a sandbox, its users, and business time standing at noon of day R."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from lapwing.core import clock
from lapwing.core.context import acting_as

R = date(2015, 3, 10)
NOON = datetime(2015, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _running_clock_afterwards() -> Iterator[None]:
    yield
    clock.stand_at(None)


def set_up_organisation(*, time_zone: str = "UTC", country: str = "GB") -> None:
    """An organisation with an administrator `root`, an operator `olga` and an approver `anna`."""
    from lapwing.catalog.seed import seed_frequencies
    from lapwing.identity.actions.add_user import grant_role
    from lapwing.identity.actions.init_organisation import init_organisation
    from lapwing.receivables.seed import seed_ratings

    init_organisation(
        administrator="root", time_zone=time_zone, currency="EUR", country=country, sandbox=True
    )
    seed_frequencies()
    seed_ratings()
    grant_role("olga", "operator")
    grant_role("anna", "approver")


@pytest.fixture
def sandbox(db) -> Iterator[None]:
    """The organisation, with `olga` acting at noon of R."""
    with clock.standing_at(NOON), acting_as("olga"):
        set_up_organisation()
        yield


@pytest.fixture
def committed_sandbox(transactional_db) -> Iterator[None]:
    """The same, with real commits: for races and kills."""
    with clock.standing_at(NOON), acting_as("olga"):
        set_up_organisation()
        yield


def pytest_report_header(config: pytest.Config) -> str:
    return f"lapwing database: {os.environ.get('LAPWING_DATABASE_URL') or 'sqlite'}"
