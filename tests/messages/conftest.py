"""The organisation of the sandbox with the templates that ship."""

import pytest

from lapwing.core.context import acting_as
from lapwing.messages.seed import seed_templates


@pytest.fixture
def mailroom(sandbox):
    """`root` acts, who may edit templates."""
    with acting_as("root"):
        seed_templates()
        yield
