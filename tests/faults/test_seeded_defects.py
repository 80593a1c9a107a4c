"""The tests of this folder turn red when the product is broken on purpose: one breakage a test."""

import pytest

from tests.faults.killing import Kill, Tally, kill_and_resume
from tests.faults.racing import Race, race
from tests.faults.stage import BATCH_SIZE, Stage
from tests.faults.test_interleavings import play
from tests.faults.test_two_at_once import pause_under_way

ON_POSTGRESQL = pytest.mark.xdist_group("faults-postgresql")


def killed_at(stage: Stage, point: str, nth: int, defect: str) -> list[str]:
    kills = [Kill(point, nth)]
    return kill_and_resume(stage, "started", 1, kills, Tally(), lasts_s=1, defects=(defect,))


@ON_POSTGRESQL
def test_batch_without_the_accounts_lock_is_noticed(postgresql_stage):
    found, _, _ = play(postgresql_stage, ("no_account_lock",))
    assert any("the payment saw" in line and "became not_effective" in line for line in found), found


@ON_POSTGRESQL
def test_batch_that_locks_after_looking_is_noticed(postgresql_stage):
    found, _, _ = play(postgresql_stage, ("locks_after_looking",))
    assert any("the payment saw" in line and "became not_effective" in line for line in found), found


def test_batch_without_a_second_look_is_noticed(stage):
    result = Race()
    race(stage, result, "pay", seed="no second look", defects=("no_second_look",))
    assert result.wronged > 0
    assert any("deactivated after its pay had committed" in line for line in result.found)


@ON_POSTGRESQL
def test_batch_that_nobody_claims_is_noticed(postgresql_stage):
    assert pause_under_way(postgresql_stage, ()) == []
    found = pause_under_way(postgresql_stage, ("batch_not_claimed",))
    assert any("after the pause" in line for line in found), found


def test_batch_in_two_transactions_is_noticed(stage):
    found = killed_at(stage, "runs.batch.after_audit", 3, "batch_in_two_transactions")
    assert any("one of an open batch has any" in line for line in found), found


def test_freeze_in_two_transactions_is_noticed(stage):
    found = killed_at(stage, "runs.freeze.after_batches", 1, "freeze_in_two_transactions")
    assert any("a run without a frozen list has items" in line for line in found), found
    assert any("is not completed" in line for line in found), found


def test_missing_guard_against_a_second_action_of_a_run_is_noticed(stage):
    noticed = "the database would take a second action of a run on the same subscription"
    assert guard_dropped(stage, "action", "one_action_a_run") == [noticed]


def test_missing_guard_against_a_second_open_run_is_noticed(stage):
    assert guard_dropped(stage, "run", "one_open_run") == [
        "the database would take a second open run of a definition"
    ]


def guard_dropped(stage: Stage, model: str, name: str) -> list[str]:
    """What the judge finds of a run that was resumed half way while the database lacks the constraint."""
    stage.set("started")
    stage.do("drop_guard", model=model, name=name)
    try:
        half_way = stage.deed(
            "conduct", run_id=1, batch_size=BATCH_SIZE, failpoint="runs.batch.after_commit:die:3"
        )
        assert stage.try_(half_way).was_killed
        return stage.judge()
    finally:
        stage.do("put_guard_back", model=model, name=name)


def test_unbroken_product_leaves_nothing_to_find(stage):
    """The same trials without a breakage: what they found above is not theirs."""
    assert kill_and_resume(stage, "started", 1, [Kill("runs.batch.after_audit", 3)], Tally(), lasts_s=1) == []
    assert kill_and_resume(stage, "started", 1, [Kill("runs.freeze.after_batches")], Tally(), lasts_s=1) == []
