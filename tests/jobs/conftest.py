"""Work with the ledger in tests: ask, claim, end, let time pass, let a worker run until nothing is due."""

import os
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.sql import execute
from lapwing.identity.models import Organisation
from lapwing.jobs import checks, outcomes
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.claim import Claimer, Wanted, new_token
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.machine_time import after_sql
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt
from lapwing.jobs.states import Status
from lapwing.jobs.types import HeldJob
from lapwing.jobs.worker import LocalWorker
from tests.conftest import NOON, _allow_deletion_of_audit, _refuse_deletion_of_audit, set_up_organisation

ON_POSTGRESQL = os.environ.get("LAPWING_DATABASE_URL", "").startswith("postgres")
only_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="two writers at once are PostgreSQL's")


def ask(type_name: str = "book", subject: str = "S1", **options: Any) -> Job:
    with transaction.atomic():
        return enqueue(type_name, subject_kind="subscription", subject_id=1, subject=subject, **options)


def told(do: str, **options: Any) -> Job:
    """A `book` job that ends as it is told."""
    return ask("book", parameters={"do": do}, **options)


def work(**options: Any) -> LocalWorker:
    """A worker in this process, until nothing is due."""
    worker = LocalWorker(**options)
    worker.run(stop=lambda: False, until_idle=True)
    return worker


def claim(limit: int = 100, pool: str = "database") -> list[HeldJob]:
    return Claimer(new_token()).claim(Wanted(pool), limit)


def dispatch(limit: int = 100, pool: str = "database") -> list[HeldJob]:
    return Claimer(new_token(), status=Status.DISPATCHED).claim(Wanted(pool), limit)


def end(held: HeldJob, outcome: Any = None) -> bool:
    """False where it was not held any more."""
    return bool(conclude([ending(held, outcome or outcomes.Succeeded())]))


def expire(*ids: int) -> None:
    """Their leases ended a second ago."""
    for pk in ids:
        execute(f"UPDATE jobs_job SET lease_until = {after_sql('%s')} WHERE id = %s", [-1, pk])


def make_due(*ids: int) -> None:
    """The delay of a job in retry has passed."""
    for pk in ids:
        execute(f"UPDATE jobs_job SET scheduled_for = {after_sql('%s')} WHERE id = %s", [-1, pk])


def again(job: Job) -> Job | ArchivedJob:
    """The job as it is now."""
    return Job.objects.filter(pk=job.pk).first() or ArchivedJob.objects.get(pk=job.pk)


def shown(job: Job) -> tuple[str, str]:
    found = again(job)
    return str(found.status), found.result_code


def attempts(job: Job) -> list[tuple[int, str]]:
    kept = JobAttempt.objects.filter(job_id=job.pk).order_by("number")
    return list(kept.values_list("number", "outcome"))


def broken_invariants(but: Collection[str] = ()) -> list[str]:
    found = (
        checks.attempts_have_no_gaps,
        checks.leases_are_of_live_jobs,
        checks.blockers_are_counted,
        checks.followers_were_released,
        checks.ends_have_times,
        checks.archived_once,
        checks.no_job_is_silent,
    )
    return [line for find in found if find.__name__ not in but for line in find()]


def close_connection() -> None:
    """At the end of a thread."""
    connections.close_all()


TABLES = (
    "jobs_job",
    "jobs_archivedjob",
    "jobs_jobattempt",
    "jobs_joblink",
    "jobs_joblimit",
    "jobs_worker",
    "samples_effect",
)


@pytest.fixture(scope="module")
def _committed(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The organisation, committed once for all tests of a file: emptying all tables takes a second."""
    with django_db_blocker.unblock():
        with clock.standing_at(NOON), acting_as("olga"):
            set_up_organisation()
        yield
        _allow_deletion_of_audit()
        call_command("flush", verbosity=0, interactive=False)
        _refuse_deletion_of_audit()


@pytest.fixture
def transactional_db(_committed: None, django_db_blocker) -> Iterator[None]:
    """As pytest-django's of this name, by which it knows that a database is needed."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def ledger(transactional_db: None) -> Iterator[None]:
    """The organisation, with real commits: workers use connections of their own."""
    with clock.standing_at(NOON), acting_as("olga"):
        yield
        for table in TABLES:
            execute(f"DELETE FROM {table}")


@pytest.fixture
def desk(db: None) -> Iterator[None]:
    """The same in one transaction that is rolled back: for all that one connection can do."""
    with clock.standing_at(NOON), acting_as("olga"):
        if not Organisation.objects.exists():
            set_up_organisation()
        yield
