"""What children do in the faults of jobs: ask for jobs, work, hand out, be Celery's worker; each in its own process."""

import ctypes
import functools
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Max

from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core import clock, failpoints
from lapwing.core.context import acting_as
from lapwing.core.invariants import all_invariants
from lapwing.customers.models import Customer, ProviderAgreement
from lapwing.jobs import chunks, dispatch, executor, heartbeat, lost_database, worker
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.engines import celery as celery_engine
from lapwing.jobs.models import Job
from lapwing.jobs.types import job_types
from lapwing.messages.actions.ask_for_email import ask_for_email
from lapwing.messages.seed import seed_templates
from lapwing.runs.kinds import kinds
from lapwing.runs.on_ledger import OnLedger
from lapwing.runs.scheduling import tick
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription
from tests import world
from tests.conftest import set_up_organisation
from tests.faults.children import PR_SET_PDEATHSIG
from tests.faults.deeds import (  # noqa: F401  (deeds of the stage of runs)
    build_base,
    build_empty,
    build_plan,
    in_batches_of,
    verify,
)
from tests.faults.jobs import defects

break_on_purpose = defects.break_on_purpose
_stop = threading.Event()
SUBSCRIPTIONS = 20


def preload() -> None:
    """Imports what a child would import, so that each child begins at once."""
    job_types.get("order")
    kinds.get("deactivate_in_grace")
    all_invariants()
    for name in (
        "celery.apps.worker",
        "celery.concurrency.prefork",
        "kombu.transport.pyamqp",
        "kombu.transport.redis",
    ):
        __import__(name)


def build() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    set_up_organisation()


@transaction.atomic
def ask(asked: Sequence[tuple[str, int, dict[str, Any]]], key: str = "") -> dict[str, list[int]]:
    """So many jobs of each type with these parameters; returns their numbers, by type."""
    numbers: dict[str, list[int]] = {}
    for type_name, many, parameters in asked:
        for _ in range(many):
            job = enqueue(
                type_name, subject_kind="customer", subject_id=1, subject="C1", parameters=parameters, key=key
            )
            numbers.setdefault(type_name, []).append(job.pk)
    return numbers


# The product's own job types.


def build_domain(provider_url: str) -> None:
    """Subscriptions at a provider that the suite started, and a customer who accepted its agreement."""
    with acting_as("root"):
        set_provider("acme", "automatic", connector="sandbox", configuration={"url": provider_url})
        seed_templates()
    with transaction.atomic():
        acme = Provider.objects.get(code="acme")
        world.in_debt(SUBSCRIPTIONS, provider=acme)
        ProviderAgreement.objects.create(
            customer=Customer.objects.get(number="C-A1"),
            provider=acme,
            identity="somebody",
            requested_at=clock.now(),
            accepted_at=clock.now(),
        )


@transaction.atomic
def change_licenses(many: int) -> list[int]:
    """So many changes, in turn on each subscription; returns the jobs that tell the provider."""
    before = Job.objects.aggregate(Max("pk"))["pk__max"] or 0
    for number in range(many):
        changed = Subscription.objects.get(number=f"S{number % SUBSCRIPTIONS + 1}")
        perform(changed.number, "change_quantity", to=str(changed.quantity + 1))
    found = Job.objects.filter(pk__gt=before, type="sync_license_change_log").order_by("pk")
    return list(found.values_list("pk", flat=True))


@transaction.atomic
def ask_for_mails(many: int) -> list[int]:
    """So many mails that the agreement is accepted, each to a mailbox of its own."""
    agreement = ProviderAgreement.objects.get()
    names = [uuid.uuid4().hex[:12] for _ in range(many)]
    return [
        ask_for_email(
            "agreement_accepted", subject_id=agreement.pk, recipient=f"{name}@example.com", again=name
        ).pk
        for name in names
    ]


def accept(accepted: bool) -> None:
    """The agreement is accepted, or it turns out that it was not."""
    ProviderAgreement.objects.update(accepted_at=clock.now() if accepted else None)


def drop_guard(name: str) -> None:
    constraint = next(each for each in Job._meta.constraints if each.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Job, constraint)


def put_guard_back(name: str) -> None:
    Job.objects.all().delete()
    constraint = next(each for each in Job._meta.constraints if each.name == name)
    with connection.schema_editor() as editor:
        editor.add_constraint(Job, constraint)


# Workers.


def work(
    lease_s: float,
    chunk_at_most: int = 20,
    drag_s: float = 0,
    fails_at: tuple[int, bool] | None = None,
    clock_jumps_s: Sequence[float] = (),
    memory_mb: int = 0,
    freezes: bool = False,
    batch_size: int = 0,
) -> dict[str, Any]:
    """A local worker until it is told to stop. `drag_s` is at most lost before each statement; the statement whose
    number is in `fails_at` fails, before the database saw it or afterwards; `clock_jumps_s` are offsets of business
    time, tried in turn. `freezes`: a failpoint that stalls stops the whole process.
    """
    _hurry()
    signal.signal(signal.SIGTERM, lambda *_: _stop.set())
    if batch_size:
        in_batches_of(batch_size)
    if freezes:
        failpoints.time = SimpleNamespace(sleep=lambda _: os.kill(os.getpid(), signal.SIGSTOP))
    if memory_mb:
        _limit_memory(memory_mb)
    if drag_s:
        connection.execute_wrappers.append(_Drag(drag_s))
    failing = _Failing(*fails_at) if fails_at else None
    if clock_jumps_s:
        threading.Thread(target=_jump, args=(clock_jumps_s,), daemon=True).start()
    local = worker.LocalWorker(
        calls_at_once=8,
        lease_s=lease_s,
        renew_every_s=lease_s / 4,
        rescue_every_s=0.1,
        chunk_at_most=chunk_at_most,
    )
    local.run(stop=_stop.is_set)
    return {"failed": failing.failed, "statements": failing.statements} if failing else {}


def schedule(batch_size: int) -> None:
    """A scheduler that hands the batches of runs to the ledger, until it is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: _stop.set())
    in_batches_of(batch_size)
    while not _stop.wait(0.05):
        tick(carrier=OnLedger(), stop=_stop.is_set)


def _hurry() -> None:
    """What the product waits for a second or more is tried here many hundred times."""
    worker.POLL_S = 0.05
    for each in (worker, executor, lost_database):
        each.RECONNECT_AFTER_S = 0.1
    dispatch.POLL_S, dispatch.AWAY_S = 0.05, 0.2
    heartbeat.WATCH_EVERY_S = 0.1
    for job_type in job_types:
        job_type.retry_delays_s = (0.05,)


def _limit_memory(most_mb: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (most_mb * 2**20, most_mb * 2**20))


class _Drag:
    """Widens what lies between two statements."""

    def __init__(self, at_most_s: float) -> None:
        self._at_most_s = at_most_s

    def __call__(self, execute: Callable, *statement: Any) -> Any:
        time.sleep(random.uniform(0, self._at_most_s))
        return execute(*statement)


class _Failing:
    """The n-th statement of this thread's connection fails; a COMMIT is one."""

    def __init__(self, nth: int, afterwards: bool) -> None:
        self._nth, self._afterwards = nth, afterwards
        self.statements, self.failed = 0, ""
        connection.execute_wrappers.append(self._execute)
        commit = connection._commit
        connection._commit = lambda: self._execute(lambda *_: commit(), "COMMIT")

    def _execute(self, execute: Callable, statement: str, *rest: Any) -> Any:
        self.statements += 1
        if self.statements != self._nth:
            return execute(statement, *rest)
        self.failed = statement
        if self._afterwards:
            execute(statement, *rest)
        raise OperationalError("broken on purpose")


def _jump(offsets_s: Sequence[float]) -> None:
    while True:
        for offset_s in offsets_s:
            clock.stand_at(datetime.now(UTC) + timedelta(seconds=offset_s))
            time.sleep(0.03)


# Celery.


def hand_out(broker: str, lease_s: float, each_message: int = 1) -> None:
    """A dispatcher until it is told to stop; each message is published so many times."""
    _hurry()
    signal.signal(signal.SIGTERM, lambda *_: _stop.set())
    engine = celery_engine.CeleryEngine(celery_engine.celery_app(broker))
    publish = engine.publish

    def several_times(ids: Sequence[int], token: str) -> None:
        for _ in range(each_message):
            publish(ids, token)

    engine.publish = several_times
    dispatcher = dispatch.Dispatcher(engine, lease_s=lease_s)
    dispatcher._chores._rescue_every_s = 0.1
    with suppress(DatabaseError):
        dispatcher.run(stop=_stop.is_set)


def be_celery(broker: str, lease_s: float, orders: str, concurrency: int = 2, drag_s: float = 0) -> None:
    """Celery's worker with forked processes, until it is told to stop. A process that is about to carry out a chunk
    takes an order to die from the folder `orders`, where there is one.
    """
    from celery import signals

    chunks.begin = functools.partial(chunks.begin, lease_s=lease_s)
    chunks.Heartbeat = functools.partial(chunks.Heartbeat, lease_s=lease_s, every_s=lease_s / 4)
    _hurry()
    connection.close()
    app = celery_engine.celery_app(broker)
    carry_out = chunks.carry_out_chunk

    @signals.worker_process_init.connect(weak=False)
    def _(**_: object) -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        random.seed()
        if drag_s:
            connection.execute_wrappers.append(_Drag(drag_s))

    def in_mortal_danger(ids: Sequence[int], token: str) -> None:
        _take_an_order(Path(orders))
        carry_out(ids, token)

    del app.tasks[celery_engine.TASK]
    app.task(name=celery_engine.TASK, ignore_result=True)(in_mortal_danger)
    app.Worker(
        pool="prefork",
        concurrency=concurrency,
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        loglevel="ERROR",
        quiet=True,
    ).start()


def _take_an_order(folder: Path) -> None:
    if failpoints._ARMED:
        return
    for order in sorted(folder.glob("order-*")):
        text = order.read_text()
        with suppress(FileNotFoundError):  # another process was faster
            order.rename(folder / f"taken-{os.getpid()}-{order.name}")
            failpoints.arm(text)
            return
