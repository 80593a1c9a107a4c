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
    _refuse_deletion_of_audit()
    with clock.standing_at(NOON), acting_as("olga"):
        set_up_organisation()
        yield


@pytest.fixture
def committed_sandbox(transactional_db) -> Iterator[None]:
    """The same, with real commits: for races, workers and kills."""
    _refuse_deletion_of_audit()
    with clock.standing_at(NOON), acting_as("olga"):
        set_up_organisation()
        yield
    _allow_deletion_of_audit()


_refusals: list[str] = []


def _allow_deletion_of_audit() -> None:
    """Emptying SQLite's tables between two tests meets the trigger that keeps the audit; PostgreSQL's does not."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_entry_kept'")
            if found := cursor.fetchone():
                _refusals[:] = found
                cursor.execute("DROP TRIGGER audit_entry_kept")


def _refuse_deletion_of_audit() -> None:
    from django.db import connection

    if connection.vendor == "sqlite" and _refusals:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit_entry_kept'")
            if cursor.fetchone() is None:
                cursor.execute(_refusals[0])


def pytest_report_header(config: pytest.Config) -> str:
    return f"lapwing database: {os.environ.get('LAPWING_DATABASE_URL') or 'sqlite'}"
