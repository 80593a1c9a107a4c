"""An organisation on 10 March 2015, with what ships: ratings and frequencies."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lapwing.catalog.seed import seed_frequencies
from lapwing.core import clock
from lapwing.identity.actions.init_organisation import init_organisation
from lapwing.receivables.seed import seed_ratings


@pytest.fixture
def organisation(db) -> Iterator[None]:
    with clock.standing_at(datetime(2015, 3, 10, 12, tzinfo=UTC)):
        init_organisation(administrator="anna", time_zone="UTC", currency="EUR", country="GB", sandbox=True)
        seed_frequencies()
        seed_ratings()
        yield
