"""The tests of this folder turn red when the product is broken on purpose: one breakage a test."""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.jobs.crew import Crew, deliver_again
from tests.faults.jobs.freezing import freeze_at
from tests.faults.jobs.killing import kill_at, leave_in_peace
from tests.faults.jobs.kinds import ORDER
from tests.faults.jobs.scene import Scene
from tests.faults.jobs.tally import Tally
from tests.faults.jobs.test_asked_twice import ask_twice
from tests.faults.stage import dose

FEW = {ORDER: 24}
# That the unbroken product passes the same trials is what the other tests of this folder show.


@pytest.fixture(
    params=[
        pytest.param(vendor, marks=pytest.mark.xdist_group(f"fault-jobs-{vendor}"))
        for vendor in dose(("sqlite",), ("sqlite", "postgresql"))
    ]
)
def scene(request: pytest.FixtureRequest, scenes: Callable[[str], Scene]) -> Iterator[Scene]:
    """Most breakages show on either database alike: the full dose tries both."""
    scene = scenes(request.param)
    yield scene
    scene.kill_all()


@pytest.fixture
def tally() -> Tally:
    return Tally("broken on purpose")


@pytest.mark.xdist_group("fault-jobs-postgresql")
def test_missing_guard_on_the_attempt_is_noticed(on_postgresql, tally):
    freeze_at(on_postgresql, ["jobs.claim.after_commit"], tally, defects=("no_guard_on_the_attempt",))
    assert tally.verdict.doubled > 0
    assert any("book, books, row" in line and "did it 2 times" in line for line in tally.verdict.found)


@pytest.mark.parametrize("defect", ["no_key", "key_per_attempt"])
def test_key_that_is_no_key_is_noticed(scene, tally, defect):
    kill_at(scene, ["jobs.outside.after_call"], tally, kinds=FEW, defects=(defect,))
    assert any("order, world" in line and "did it 2 times" in line for line in tally.verdict.found)


def test_ending_before_the_commit_of_the_effect_is_noticed(scene, tally):
    kill_at(scene, ["jobs.execute.before_conclude"], tally, defects=("ended_before_commit",))
    assert tally.verdict.lost > 0
    assert any("succeeded and did nothing" in line for line in tally.verdict.found)


def test_asking_before_the_commit_of_the_key_is_noticed(scene, tally):
    kill_at(scene, ["jobs.execute.before_conclude"], tally, kinds=FEW, defects=("asks_before_commit",))
    assert any("order, world" in line and "did it 2 times" in line for line in tally.verdict.found)


def test_lease_of_zero_is_noticed(scene, tally):
    leave_in_peace(scene, tally, defects=("lease_of_zero",), within_s=3)
    assert any("taken from workers that lived" in line for line in tally.verdict.found)


def test_janitor_that_repeats_blindly_is_noticed(scene, tally):
    leave_in_peace(scene, tally, defects=("janitor_that_repeats_blindly",), within_s=3)
    assert any("attempts ended, kept are" in line for line in tally.verdict.found)


@pytest.mark.xdist_group("fault-jobs-postgresql")
def test_missing_index_of_keys_is_noticed(on_postgresql):
    scene = on_postgresql
    assert ask_twice(scene, 2) == []
    scene.do("drop_guard", name="one_job_a_key")
    try:
        found = ask_twice(scene, 10)
        judged = scene.judge().found
    finally:
        scene.do("put_guard_back", name="one_job_a_key")
    assert "the database would take a second open job of a key" in judged
    assert any("is held by 2 open jobs" in line for line in found)


@pytest.mark.xdist_group("fault-jobs-celery")
def test_worker_that_believes_every_message_is_noticed(on_postgresql, redis_server, tally, tmp_path):
    crew = Crew(on_postgresql, redis_server, tmp_path, each_message=3, defects=("believes_every_message",))
    deliver_again(crew, tally)
    assert tally.verdict.doubled > 0
