"""While one chunk of short database work is carried out, the next one is claimed; PostgreSQL only."""

import threading
import time
from collections.abc import Callable

import pytest

from lapwing.jobs.models import Job
from lapwing.jobs.types import ALONE, HeldJob, job_types
from lapwing.jobs.worker import LocalWorker
from tests.jobs.conftest import ON_POSTGRESQL, ask, attempts, broken_invariants

pytestmark = pytest.mark.skipif(
    not ON_POSTGRESQL, reason="SQLite has one writer: nothing is claimed ahead there"
)
CHUNK = 50


@pytest.fixture
def worker() -> LocalWorker:
    worker = LocalWorker(chunk_at_most=CHUNK)
    worker._chunk = CHUNK
    return worker


def when_performed(monkeypatch: pytest.MonkeyPatch, do: Callable[[HeldJob], None]) -> None:
    monkeypatch.setattr(type(job_types.get("book")), "perform", lambda self, job: do(job))


def wait_for_next_chunk() -> None:
    ends = time.monotonic() + 20
    while Job.objects.filter(status="in_progress").count() < 2 * CHUNK:
        assert time.monotonic() < ends, "the next chunk was not claimed"
        time.sleep(0.01)


def test_next_chunk_is_held_and_given_back_by_a_worker_that_stops(ledger, monkeypatch, worker):
    jobs, stop, held = [ask() for _ in range(2 * CHUNK + 20)], threading.Event(), []

    def perform(job: HeldJob) -> None:
        if not stop.is_set():
            wait_for_next_chunk()
            time.sleep(0.1)
            held.append(len(worker._executor.running))
            stop.set()

    when_performed(monkeypatch, perform)
    worker.run(stop=stop.is_set)
    assert held == [2 * CHUNK]  # so many leases are renewed
    statuses = list(Job.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["succeeded"] * CHUNK + ["waiting"] * (CHUNK + 20)
    assert [attempts(job) for job in jobs[CHUNK : 2 * CHUNK]] == [[(1, "given_back")]] * CHUNK
    assert worker._executor.running == {}
    assert broken_invariants() == []


def test_job_that_runs_alone_waits_for_the_next_chunk_too(ledger, monkeypatch, worker):
    for _ in range(3 * CHUNK):
        ask()
    order: list[tuple[str, int]] = []

    def perform(job: HeldJob) -> None:
        if not order:
            wait_for_next_chunk()
            poison = ask(subject="poison")
            Job.objects.filter(pk=poison.pk).update(pool=ALONE, deaths=2)
            worker._asked_at = 0.0  # it is seen before the next claim
        order.append((job.subject, len(worker._executor.running)))

    when_performed(monkeypatch, perform)
    worker.run(stop=lambda: False, until_idle=True)
    assert [beside for subject, beside in order if subject == "poison"] == [1]
    assert order.index(("poison", 1)) == 2 * CHUNK
    assert Job.objects.filter(status="succeeded").count() == 3 * CHUNK + 1


def test_chunk_whose_claim_broke_off_is_asked_for_again(ledger, monkeypatch, worker):
    from django.db import OperationalError

    claim, broken = worker._ahead._claimer.claim, []

    def break_off(*asked):
        if not broken:
            broken.append(asked)
            raise OperationalError("the line was cut")
        return claim(*asked)

    for _ in range(3 * CHUNK):
        ask()
    monkeypatch.setattr(worker._ahead._claimer, "claim", break_off)
    worker.run(stop=lambda: False, until_idle=True)
    assert broken
    assert Job.objects.filter(status="succeeded").count() == 3 * CHUNK
    assert broken_invariants() == []
