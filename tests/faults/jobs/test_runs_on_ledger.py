"""A run whose batches are jobs: two schedulers hand them out, workers and schedulers are killed, each subject is acted
on once.
"""

import os
import random
import signal
from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.children import Children
from tests.faults.databases import Postgresql, Sqlite
from tests.faults.jobs.scene import LEASE_S, has_ended, wait_until
from tests.faults.jobs.servers import PostgresqlServer
from tests.faults.points import BATCH
from tests.faults.stage import BATCH_SIZE, Stage, dose

POINTS = (*BATCH, "jobs.claim.after_commit", "jobs.execute.before_commit", "jobs.conclude.after_status")
DONE_WITHIN_S = 40
UNFINISHED = "SELECT COUNT(*) FROM runs_run WHERE state = 'in_progress' AND id = 1"
OPEN = "SELECT COUNT(*) FROM jobs_job WHERE status IN ('waiting', 'retry', 'dispatched', 'in_progress')"


class OwnPostgresql(Postgresql):
    """A database that keeps contents, on the cluster that the suite started."""

    def __init__(self, server: PostgresqlServer) -> None:
        self._name, self._maintenance = "runs", server.url
        self.url = server.url.removesuffix("postgres") + self._name
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE runs")


@pytest.fixture(
    params=[
        pytest.param(vendor, marks=pytest.mark.xdist_group(f"fault-jobs-{vendor}"))
        for vendor in ("sqlite", "postgresql")
    ]
)
def run_stage(
    request: pytest.FixtureRequest, hands: Children, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    if request.param == "sqlite":
        stage = Stage(Sqlite(tmp_path_factory.mktemp("runs")), hands)
    else:
        stage = Stage(OwnPostgresql(request.getfixturevalue("postgresql_server")), hands)
    yield stage
    stage.database.remove()


def test_run_on_the_ledger_acts_once_although_workers_and_schedulers_are_killed(run_stage, tally_of):
    tally = tally_of(f"runs as jobs, {run_stage.database.label}, two schedulers")
    for _ in range(dose(1, 10)):
        chance = random.Random(tally.seed())
        run_stage.set("planned")
        schedulers = [start(run_stage, "schedule") for _ in range(2)]
        assert wait_until(lambda: run_stage.rows(UNFINISHED) == [(1,)], 10), "nobody started the run"
        for point in chance.sample(POINTS, 3):
            pid = start(run_stage, "work", failpoint=f"{point}:die:{chance.randint(1, 2)}", lease_s=LEASE_S)
            wait_until(lambda pid=pid: has_ended(pid) or run_stage.rows(UNFINISHED) == [(0,)], 8)
            if has_ended(pid):
                tally.add("kills", point)
            kill(run_stage, pid)
        kill(run_stage, schedulers.pop())
        tally.add("kills", "scheduler")
        workers = [start(run_stage, "work", lease_s=LEASE_S) for _ in range(2)]
        done = wait_until(lambda: run_stage.rows(UNFINISHED) == run_stage.rows(OPEN) == [(0,)], DONE_WITHIN_S)
        for pid in (*schedulers, *workers):
            kill(run_stage, pid, signal.SIGTERM)
        assert done, (run_stage.rows("SELECT id, state, code FROM runs_run"), run_stage.rows(JOBS))
        assert run_stage.rows("SELECT state FROM runs_run ORDER BY id") == [("completed",), ("draft",)]
        tally.verdict.found += run_stage.judge()
        tally.jobs += run_stage.rows("SELECT COUNT(*) FROM jobs_job")[0][0]
    assert tally.verdict.found == []


JOBS = "SELECT id, status, attempt, tries, result_code, result FROM jobs_job WHERE status <> 'succeeded'"


def start(stage: Stage, deed: str, *, failpoint: str = "", **arguments: object) -> int:
    return stage.start(stage.deed(deed, failpoint=failpoint, batch_size=BATCH_SIZE, **arguments))[0]


def kill(stage: Stage, pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    os.kill(pid, how)
    wait_until(lambda: has_ended(pid), 10)
    stage.end(pid)
