"""The whole way: a definition's run cuts off, jobs tell the provider, and an undo brings the service back there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN, Status
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.undo_run import undo_run
from lapwing.runs.execution import carry_on
from lapwing.runs.models import Run
from lapwing.runs.on_ledger import OnLedger
from lapwing.runs.states import RunState
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import LicenseChangeLog
from tests.jobs.conftest import work
from tests.sandbox_provider import SandboxProvider
from tests.worker_processes import RABBITMQ, REDIS, WorkerProcess, needs_broker, until
from tests.world import define, faults, in_debt, run_now, state_of


@pytest.fixture
def provider(committed_sandbox: None, tmp_path: Path) -> Iterator[SandboxProvider]:
    with SandboxProvider(tmp_path) as sandbox:
        with acting_as("root"):
            set_provider("acme", "automatic", connector="sandbox", configuration={"url": sandbox.url})
        yield sandbox


def known_to(provider: SandboxProvider, *numbers: str) -> None:
    """Switches the services on at the provider by telling it a change of quantity."""
    for number in numbers:
        perform(number, "change_quantity", to="2")
    work()
    assert provider.active() == dict.fromkeys(numbers, True)


def carried_out(run: Run) -> Run:
    """Batches as jobs, a worker, and the scheduler's look at the run, until it ends."""
    for _ in range(20):
        carry_on(run.pk, carrier=OnLedger(), share=False)
        work()
        run = Run.objects.get(pk=run.pk)
        if run.state != RunState.IN_PROGRESS:
            return run
    raise AssertionError(f"run {run.pk} is {run.state}")


def test_run_cuts_off_at_the_provider_and_undo_brings_back(provider: SandboxProvider) -> None:
    numbers = in_debt(3, provider=Provider.objects.get(code="acme"))
    known_to(provider, *numbers)
    run = carried_out(start_run(define()))
    assert run.state == RunState.COMPLETED
    assert provider.active() == dict.fromkeys(numbers, False)
    assert {state_of(number) for number in numbers} == {"not_effective"}
    undone = carried_out(undo_run(run.pk, reason="a mistake"))
    assert undone.state == RunState.COMPLETED
    assert provider.active() == dict.fromkeys(numbers, True)
    assert {state_of(number) for number in numbers} == {"effective"}
    assert set(Job.objects.values_list("status", flat=True)) == {Status.SUCCEEDED}
    assert Job.objects.filter(type="carry_out_batch").count() == 2
    assert faults() == []


def test_undo_before_the_provider_was_told_cuts_nobody_off_there(provider: SandboxProvider) -> None:
    numbers = in_debt(2, provider=Provider.objects.get(code="acme"))
    known_to(provider, *numbers)
    before = provider.effects()
    cut = run_now(define())
    carry_on(undo_run(cut.pk, reason="a mistake").pk)
    work()
    assert (provider.active(), provider.effects()) == (dict.fromkeys(numbers, True), before)
    deactivations = LicenseChangeLog.objects.filter(event="deactivate")
    assert set(deactivations.values_list("provisioning_code", flat=True)) == {"superseded"}
    assert faults() == []


def test_subscription_without_provider_asks_for_no_job(provider: SandboxProvider) -> None:
    in_debt(1)
    run_now(define())
    assert not Job.objects.exists()
    assert faults() == []


@pytest.mark.parametrize("broker", [RABBITMQ, REDIS, ""], ids=["rabbitmq", "redis", "local"])
def test_worker_processes_share_a_run_and_tell_the_provider(
    provider: SandboxProvider, tmp_path: Path, broker: str
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("several processes share PostgreSQL; SQLite has its worker inside")
    numbers = in_debt(4, provider=Provider.objects.get(code="acme"))
    with WorkerProcess(tmp_path, broker=broker and needs_broker(broker), clock=clock.now()) as worker:
        for number in numbers:
            perform(number, "change_quantity", to="2")
        until(lambda: provider.active() == dict.fromkeys(numbers, True), log=worker.log)
        run = start_run(define(throttle={"max_batch_size": 1}, schedule=HOURLY))
        until(lambda: ended(run), log=worker.log)
        until(lambda: provider.active() == dict.fromkeys(numbers, False), log=worker.log)
        undone = undo_run(run.pk, reason="a mistake")
        until(lambda: ended(undone), log=worker.log)
        until(lambda: provider.active() == dict.fromkeys(numbers, True), log=worker.log)
        until(lambda: not Job.objects.filter(status__in=OPEN).exists(), log=worker.log)
    assert provider.effects() == dict.fromkeys(numbers, 3)
    assert Run.objects.get(pk=run.pk).state == RunState.COMPLETED
    assert Job.objects.filter(type="carry_out_batch", status=Status.SUCCEEDED).count() >= 5
    assert faults() == []


HOURLY = {"method": "repeat", "start": "2015-03-11T00:00:00", "every": 1, "unit": "hours"}


def ended(run: Run) -> bool:
    """The scheduler's look at a run, as `lapwing serve` takes it once a second."""
    carry_on(run.pk, carrier=OnLedger(), share=False)
    return Run.objects.get(pk=run.pk).state != RunState.IN_PROGRESS
