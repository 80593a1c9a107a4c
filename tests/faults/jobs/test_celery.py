"""The same over a broker: processes of Celery and dispatchers are killed, the broker restarts, forgets or is away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.jobs.crew import (
    ROUND,
    Crew,
    break_broker,
    deliver_again,
    kill_celery_at,
    kill_celery_at_random,
)
from tests.faults.jobs.killing import KILLS_A_ROUND, in_rounds
from tests.faults.jobs.scene import Scene
from tests.faults.stage import FULL, dose

pytestmark = pytest.mark.xdist_group("fault-jobs-celery")


@pytest.fixture(params=["postgresql", "sqlite"])
def scene(request: pytest.FixtureRequest, scenes: Callable[[str], Scene]) -> Iterator[Scene]:
    scene = scenes(request.param).clear()
    yield scene
    scene.kill_all()


@pytest.fixture
def crew_on(scene: Scene, tmp_path: Path) -> Callable[..., Crew]:
    def begin(broker: Any, **options: Any) -> Crew:
        return Crew(scene, broker, tmp_path, **options)

    return begin


def test_celery_processes_and_dispatchers_killed_at_named_points(crew_on, rabbit_server, tally_of, scene):
    tally = tally_of(f"jobs, {scene.database.label}, Celery, RabbitMQ, killed at points")
    crew = crew_on(rabbit_server.ready())
    kills = dose(12 if scene.database.vendor == "postgresql" else 5, 60)
    for some in in_rounds(ROUND, kills):
        kill_celery_at(crew, some, tally)
    to_try = ROUND if kills >= len(ROUND) else ()
    while missing := [point for point in to_try if not tally.faults["kills", point]]:
        kill_celery_at(crew, missing[:KILLS_A_ROUND], tally)
        assert len(tally.seeds) < 2 * kills, f"never reached: {missing}"
    assert tally.verdict.found == []


def test_celery_processes_and_dispatchers_killed_at_any_time(crew_on, rabbit_server, tally_of, scene):
    if scene.database.vendor == "sqlite" and not FULL:
        pytest.skip("part of the full dose")
    tally = tally_of(f"jobs, {scene.database.label}, Celery, RabbitMQ, killed at random")
    crew = crew_on(rabbit_server.ready())
    while tally.of("kills") < dose(5, 60):
        kill_celery_at_random(crew, KILLS_A_ROUND, tally)
    assert tally.verdict.found == []


@pytest.mark.parametrize(
    ("kind", "ways"),
    [("redis", ["purge", "restart", "purge", "away"]), ("rabbit", dose(["purge"], ["purge", "restart"]))],
)
def test_broker_that_restarts_forgets_or_is_away_costs_time_only(
    kind, ways, request, tally_of, on_postgresql, tmp_path
):
    broker = request.getfixturevalue(f"{kind}_server").ready()
    tally = tally_of(f"jobs, PostgreSQL, Celery, {broker.name} away")
    crew = Crew(on_postgresql, broker, tmp_path)
    for _ in range(dose(1, 10 if kind == "redis" else 5)):
        break_broker(crew, ways, tally)
    assert tally.verdict.found == []
    assert kind == "rabbit" or tally.messages_lost, "no message was there to be lost"


def test_message_that_is_delivered_twice_is_carried_out_once(on_postgresql, redis_server, tally_of, tmp_path):
    tally = tally_of("jobs, PostgreSQL, Celery, Redis, each message three times")
    crew = Crew(on_postgresql, redis_server, tmp_path, each_message=3)
    deliver_again(crew, tally)
    assert tally.verdict.found == []


def test_three_dispatchers_at_once_hand_each_job_out_once(on_postgresql, redis_server, tally_of, tmp_path):
    tally = tally_of("jobs, PostgreSQL, Celery, Redis, three dispatchers at once")
    crew = Crew(on_postgresql, redis_server, tmp_path, dispatchers=3)
    for _ in range(dose(1, 10)):
        deliver_again(crew, tally)
    assert tally.verdict.found == []
