"""The same over a broker: processes of Celery and dispatchers are killed, the broker restarts, forgets or is away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.jobs.crew import ROUND, Crew, kill_celery_at, kill_celery_at_random
from tests.faults.jobs.killing import KILLS_A_ROUND, in_rounds
from tests.faults.jobs.scene import Scene
from tests.faults.stage import dose

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
    kills = dose(12, 110)
    for some in in_rounds(ROUND, kills):
        kill_celery_at(crew, some, tally)
    while missing := [point for point in ROUND if not tally.faults["kills", point]]:
        kill_celery_at(crew, missing[:KILLS_A_ROUND], tally)
        assert len(tally.seeds) < 2 * kills, f"never reached: {missing}"
    assert tally.verdict.found == []


def test_celery_processes_and_dispatchers_killed_at_any_time(crew_on, rabbit_server, tally_of, scene):
    tally = tally_of(f"jobs, {scene.database.label}, Celery, RabbitMQ, killed at random")
    crew = crew_on(rabbit_server.ready())
    while tally.of("kills") < dose(5, 100):
        kill_celery_at_random(crew, KILLS_A_ROUND, tally)
    assert tally.verdict.found == []
