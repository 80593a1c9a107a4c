"""The world of the lives: one sandbox, in which each life is rolled back at its end."""

from collections.abc import Iterator

import pytest

from lapwing.core import clock
from lapwing.core.context import acting_as
from tests.lives.life import BEGIN, set_up_world


@pytest.fixture
def world(db) -> Iterator[None]:
    with clock.standing_at(BEGIN), acting_as("olga"):
        set_up_world()
        yield
