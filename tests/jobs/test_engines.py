"""The same claims for every engine: a local worker in this process, two worker processes on one PostgreSQL, Celery
over RabbitMQ and over Redis.

LAPWING_TEST_RABBITMQ_URL and LAPWING_TEST_REDIS_URL say where the brokers are. One that is not there is skipped; with
CI=true that is a failure.
"""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from lapwing.jobs.actions.set_limit import pause, resume
from lapwing.jobs.claim import new_token
from lapwing.jobs.dispatch import CHUNK, Dispatcher
from lapwing.jobs.engines.celery import CeleryEngine, celery_app
from lapwing.jobs.engines.engine import EngineAway
from lapwing.jobs.models import Job, JobAttempt
from lapwing.jobs.states import Status
from lapwing.jobs.types import BULK, URGENT
from lapwing.jobs.worker import LocalWorker
from tests.jobs.conftest import (
    ON_POSTGRESQL,
    ask,
    attempts,
    broken_invariants,
    close_connection,
    expire,
    shown,
    told,
)
from tests.jobs.samples.models import Effect

BROKERS = {
    "rabbitmq": os.environ.get("LAPWING_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": os.environ.get("LAPWING_TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
}
HOW_TO_START = {
    "rabbitmq": "docker run --rm -d -p 127.0.0.1:5672:5672 rabbitmq:3",
    "redis": "docker run --rm -d -p 127.0.0.1:6379:6379 redis:7",
}
QUEUE = f"lapwing_test_{os.getpid()}"
PATIENCE_S = 60.0


def until(holds: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, (
            f"{what}: not within {PATIENCE_S:.0f} s; {list(Job.objects.values('id', 'type', 'status', 'result')[:5])}"
        )
        time.sleep(0.05)


class InProcess:
    """A local worker in a thread of this process."""

    broker = ""

    def start(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        LocalWorker(rescue_every_s=0.5).run(stop=self._stop.is_set)
        close_connection()

    def stop(self) -> list[int]:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        return [int(self._thread.is_alive())]


class Processes:
    """`lapwing worker`, so many times."""

    def __init__(self, home: Path, *, number: int, broker: str = "") -> None:
        self._home, self._number, self.broker = home, number, broker
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with (self._home / "worker.log").open("ab") as log:
            self._children = [
                subprocess.Popen(
                    [Path(sys.executable).parent / "lapwing", "worker"],
                    env=self._environment(),
                    stderr=log,
                    stdout=log,
                )
                for _ in range(self._number)
            ]

    def _environment(self) -> dict[str, str]:
        settings = connection.settings_dict
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LAPWING_DATABASE_URL": f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}",
            "LAPWING_HOME": str(self._home),
            "LAPWING_ENGINE": "celery" if self.broker else "local",
            "LAPWING_BROKER_URL": self.broker,
            "LAPWING_QUEUE": QUEUE,
        }

    def stop(self) -> list[int]:
        for child in self._children:
            child.send_signal(signal.SIGTERM)
        return [child.wait(PATIENCE_S) for child in self._children]


def _refuse_or_skip(name: str) -> None:
    """A broker that is not there."""
    parts = urlsplit(BROKERS[name])
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=3).close()
    except OSError as error:
        line = f"no {name} at {parts.hostname}:{parts.port} ({error}); start it with: {HOW_TO_START[name]}"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)


@pytest.fixture(scope="module", params=["in_process", "two_processes", "rabbitmq", "redis"])
def crew(request, _committed, django_db_blocker, tmp_path_factory) -> Iterator[InProcess | Processes]:
    name = request.param
    if name != "in_process" and not ON_POSTGRESQL:
        pytest.skip("worker processes share a PostgreSQL")
    if name in BROKERS:
        _refuse_or_skip(name)
    home = tmp_path_factory.mktemp(name)
    crew = {
        "in_process": lambda: InProcess(),
        "two_processes": lambda: Processes(home, number=2),
    }.get(name, lambda: Processes(home, number=1, broker=BROKERS[name]))()
    with django_db_blocker.unblock():
        crew.start()
        yield crew
        crew.stop()
        if crew.broker:
            with celery_app(crew.broker).connection_for_write() as broker:
                broker.default_channel.queue_delete(QUEUE)


@pytest.fixture
def engine(crew, settings) -> CeleryEngine:
    """The crew's broker, as a dispatcher of this process sees it."""
    if not crew.broker:
        pytest.skip("it has no broker")
    settings.QUEUE = QUEUE
    return CeleryEngine(celery_app(crew.broker))


def all_ended() -> bool:
    return not Job.objects.exclude(status__in=("succeeded", "failed", "not_applicable", "cancelled")).exists()


def test_what_is_due_is_done_once_and_nothing_else(ledger, crew, tmp_path):
    file = tmp_path / "told"
    later = ask(scheduled_for=datetime.now(UTC) + timedelta(days=1))
    jobs = [ask() for _ in range(120)] + [ask("no_op") for _ in range(30)]
    calls = [ask("tell", parameters={"file": str(file)}) for _ in range(40)]
    until(lambda: Job.objects.filter(status="succeeded").count() == 190, "190 jobs done")
    written = sorted(Effect.objects.values_list("job_id", flat=True))
    assert written == sorted(job.pk for job in [*jobs[:120], *calls])
    assert sorted(map(int, file.read_text().split())) == sorted(job.pk for job in calls)
    assert set(JobAttempt.objects.values_list("number", "outcome")) == {(1, "succeeded")}
    assert shown(later)[0] == "waiting"
    assert broken_invariants() == []


def test_urgent_jobs_come_first(ledger, crew):
    pause("type", "book")
    jobs = {
        priority: {ask(priority=priority).pk for _ in range(number)}
        for priority, number in ((BULK, 250), (URGENT, 40))
    }
    resume("type", "book")
    until(all_ended, "all done")
    order = list(Effect.objects.order_by("pk").values_list("job_id", flat=True))
    places = {priority: sum(map(order.index, some)) / len(some) for priority, some in jobs.items()}
    assert places[URGENT] < places[BULK]
    assert not set(order[-40:]) & jobs[URGENT]


def test_followers_come_after_their_predecessors(ledger, crew):
    chain = [ask()]
    for _ in range(4):
        chain.append(ask(after=[chain[-1].pk]))
    until(all_ended, "the chain done")
    assert list(Effect.objects.order_by("pk").values_list("job_id", flat=True)) == [job.pk for job in chain]
    times = list(Job.objects.order_by("pk").values_list("started_at", "finished_at"))
    assert all(ended <= begun for (_, ended), (begun, _) in itertools.pairwise(times))


def test_failing_jobs_end_failed_with_all_their_attempts(ledger, crew):
    failing, refused, good = told("transient"), told("permanent"), told("")
    until(all_ended, "all ended")
    assert [shown(job) for job in (failing, refused, good)] == [
        ("failed", "busy"),
        ("failed", "closed"),
        ("succeeded", ""),
    ]
    assert attempts(failing) == [(number, "retry") for number in range(1, 7)]
    assert attempts(refused) == [(1, "failed")]
    assert list(Effect.objects.values_list("job_id", flat=True)) == [good.pk]


def test_unknown_answer_is_asked_about(ledger, crew, tmp_path):
    file = tmp_path / "told"
    job = ask("tell", parameters={"file": str(file), "do": "no_answer"})
    until(all_ended, "it was found out")
    assert attempts(job) == [(1, "retry"), (2, "succeeded")]
    assert JobAttempt.objects.get(number=1).code == "outcome_unknown"
    assert file.read_text() == f"{job.pk}\n"


def test_paused_type_stays_while_others_go_on(ledger, crew):
    pause("type", "book")
    paused, other = ask(), ask("no_op")
    until(lambda: shown(other)[0] == "succeeded", "the other is done")
    time.sleep(0.3)
    assert shown(paused) == ("waiting", "")
    resume("type", "book")
    until(all_ended, "it goes on")


def test_job_whose_worker_died_is_done_after_its_lease(ledger, crew):
    """Somebody else took it, and is not heard of any more."""
    pause("type", "book")
    job = ask()
    Job.objects.filter(pk=job.pk).update(
        status=Status.IN_PROGRESS,
        attempt=1,
        lease_token="gone",
        lease_until=datetime.now(UTC) - timedelta(seconds=1),
        started_at=datetime.now(UTC),
    )
    resume("type", "book")
    until(all_ended, "it was taken back")
    assert attempts(job) == [(1, "lost"), (2, "succeeded")]


def test_message_that_comes_twice_does_nothing_the_second_time(ledger, crew, engine):
    pause("type", "book")
    jobs = [ask() for _ in range(20)]
    token = new_token()
    Job.objects.update(
        status=Status.DISPATCHED, lease_token=token, lease_until=datetime.now(UTC) + timedelta(minutes=5)
    )
    for _ in range(3):
        engine.publish([job.pk for job in jobs], token)
    until(all_ended, "done")
    engine.publish([job.pk for job in jobs], token)
    marker = ask("no_op")
    until(lambda: shown(marker)[0] == "succeeded", "a later message was taken")
    assert Effect.objects.count() == 20
    assert set(
        JobAttempt.objects.filter(job_id__in=[job.pk for job in jobs]).values_list("number", "outcome")
    ) == {(1, "succeeded")}


def test_broker_that_is_away_full_or_purged_loses_nothing_and_holds_few(ledger, crew, engine, monkeypatch):
    monkeypatch.setitem(CHUNK, "database", 100)
    crew.stop()
    jobs = [ask() for _ in range(500)]
    away = CeleryEngine(celery_app(urlsplit(crew.broker)._replace(netloc="127.0.0.1:1").geturl()))
    with pytest.raises(EngineAway):
        Dispatcher(away).dispatch()
    assert set(Job.objects.values_list("status", "attempt", "tries")) == {("waiting", 0, 0)}
    assert away.health().startswith("the broker does not answer")
    assert engine.health() == ""
    for _ in range(5):  # nobody takes messages: priorities, pauses and cancellations must stay effective
        Dispatcher(engine).dispatch()
    handed_out = list(Job.objects.filter(status=Status.DISPATCHED).values_list("pk", flat=True))
    assert len(handed_out) == 400
    assert engine.purge() == 4
    assert engine.purge() == 0
    expire(*handed_out)
    crew.start()
    until(all_ended, "handed out again")
    assert sorted(Effect.objects.values_list("job_id", flat=True)) == [job.pk for job in jobs]
    assert set(Job.objects.values_list("attempt", "tries", "deaths")) == {(1, 0, 0)}


def test_stop_in_order_leaves_nothing_in_progress_and_the_rest_is_done_later(ledger, crew):
    jobs = [ask() for _ in range(300)]
    until(lambda: Job.objects.filter(status="succeeded").exists(), "the first is done")
    assert set(crew.stop()) == {0}
    assert not Job.objects.filter(status=Status.IN_PROGRESS).exists()
    crew.start()
    expire(*Job.objects.filter(status=Status.DISPATCHED).values_list("pk", flat=True))
    until(all_ended, "the rest")
    assert sorted(Effect.objects.values_list("job_id", flat=True)) == [job.pk for job in jobs]
    assert set(Job.objects.values_list("tries", flat=True)) == {0}
    assert broken_invariants() == []
