"""Work with the ledger in tests: ask, claim, let a worker run until nothing is due."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
from lapwing.jobs.worker import LocalWorker


def ask(type_name: str = "book", subject: str = "S1", **options: Any) -> Job:
    with transaction.atomic():
        return enqueue(type_name, subject_kind="subscription", subject_id=1, subject=subject, **options)


def work(**options: Any) -> None:
    """A worker in this process, until nothing is due."""
    LocalWorker(**options).run(stop=lambda: False, until_idle=True)


@pytest.fixture
def ledger(committed_sandbox: None) -> Iterator[None]:
    """The organisation, with real commits: workers use connections of their own."""
    yield
