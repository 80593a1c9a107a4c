"""Random lives of definitions and their runs: after every step the product is what the reference foretold.

A life is thirty steps on ten subscriptions and at most three definitions, rolled back at its end, after all
invariants were found to hold. LAPWING_TEST_DOSE=full lives ten times as many; LAPWING_TEST_SEED is the number of
the first.
"""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.lives.life import ZONE
from tests.lives.reference import Schedule
from tests.lives.steps import COUNTS, STEPS_A_LIFE, live

LIVES = 200 * (10 if os.environ.get("LAPWING_TEST_DOSE") == "full" else 1)
FIRST = int(os.environ.get("LAPWING_TEST_SEED", "0"))
AT_LEAST = 20

EXPECTED = (
    *("create: created", "edit: edited", "edit: new_version", "apply the same: unchanged", "rename: renamed"),
    *("submit now", "submit at", "submit repeat", "make not effective", "make effective"),
    *("delete definition: deleted", "delete definition: definition_has_runs"),
    *("delete run: deleted", "delete run: run_not_draft", "start: started", "start twice: run_open", "tick"),
    *("carry on a little", "pause: paused", "resume: resumed", "cancel: cancelled", "approve: approved"),
    *("approve one's own: own_approval", "undo: started", "killed"),
    *("let selections fail", "lose the database", "let one batch fail", "let one subject fail"),
    *("stand-by", "scheduler run", "minutes pass", "hours pass", "days pass", "pay", "reverse a payment"),
    *("announce a payment", "announced payment: arrives", "announced payment: fails"),
    *("hold: held", "release", "suspend or reinstate an account", "dispute", "undispute"),
    *("extend grace: extended", "deactivate by hand: deactivated", "activate by hand: activated"),
    *("seen: superseded", "seen: merged", "seen: approval_expired", "seen: definition_not_effective"),
    *(
        "seen: waited_for_open_run",
        "seen: canary",
        "seen: safety_brake",
        "seen: approval_required",
        "seen: throttled",
    ),
    *("seen: selection_failed", "seen: database_lost", "seen: item:done", "seen: undo:done"),
)


def test_lives_go_as_the_rules_foretell(world, capsys):
    COUNTS.clear()
    began = time.monotonic()
    for number in range(FIRST, FIRST + LIVES):
        live(number)
    with capsys.disabled():
        print(f"\nlives {FIRST} to {FIRST + LIVES - 1} in {time.monotonic() - began:.0f} s")
        print("\n".join(f"{times:7} {name}" for name, times in sorted(COUNTS.items())))
    assert COUNTS["lives"] == LIVES
    assert COUNTS["steps"] >= LIVES * STEPS_A_LIFE
    assert {name: COUNTS[name] for name in EXPECTED if COUNTS[name] < AT_LEAST} == {}


@pytest.mark.parametrize(
    ("local", "instant"),
    [("2015-03-28 02:30", (28, 1, 30)), ("2015-03-29 02:30", (29, 1, 0)), ("2015-03-30 02:30", (30, 0, 30))],
)
def test_the_reference_knows_when_the_clocks_change(local, instant):
    day, hour, minute = instant
    expected = datetime(2015, 3, day, hour, minute, tzinfo=UTC)
    assert Schedule({"method": "at", "at": local}, ZONE).first_from(expected - timedelta(days=9)) == expected
