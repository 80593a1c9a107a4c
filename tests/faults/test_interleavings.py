"""Every order of a payment's and a batch's steps on one account: 70, with real commits. PostgreSQL only: SQLite has
one writer at a time.
"""

from collections import Counter

import pytest

from tests.faults.stage import SCHEDULES, Stage

pytestmark = pytest.mark.xdist_group("faults-postgresql")


def play(stage: Stage, defects: tuple[str, ...] = ()) -> tuple[list[str], Counter[str], int]:
    """Everything that is wrong, what the payments saw, and how many schedules waited for a lock."""
    stage.set("many_debtors")
    ending = stage.try_(stage.deed("step_by_step", run_id=1, database=stage.database.url, defects=defects))
    found = stage.judge()
    if ending.value is None:
        return [*found, str(ending)], Counter(), 0
    assert ending.value["batches"] == SCHEDULES
    found += ending.value["errors"]
    became = dict(
        stage.rows(
            "SELECT a.number, s.life_cycle_state FROM receivables_account a "
            "JOIN subscriptions_subscription s ON s.account_id = a.id"
        )
    )
    for account, schedule, seen in ending.value["seen"]:
        if became[account] != seen:
            found.append(
                f"{schedule}: the payment saw {account} {seen} under its lock, it became {became[account]}"
            )
    return found, Counter(seen for _, _, seen in ending.value["seen"]), ending.value["waited"]


def test_no_order_of_a_payments_and_a_batchs_steps_wrongs_the_customer(postgresql_stage, tell):
    found, seen, waited = play(postgresql_stage)
    assert found == []
    assert seen["effective"] >= 10 and seen["not_effective"] >= 10
    tell(
        f"PostgreSQL, orders of 4 steps of a payment and 4 of a batch: {SCHEDULES}; paid before the action "
        f"{seen['effective']}, after it {seen['not_effective']}; {waited} waited for a lock; 0 wrong"
    )
