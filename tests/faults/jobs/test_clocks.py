"""Business time jumps by an hour and a day, back and forth, while leases run: they go by the database's clock."""

from tests.faults.jobs.killing import KILLS_A_ROUND, kill_at_random, leave_in_peace
from tests.faults.stage import dose

HOUR_S, DAY_S = 3600.0, 86400.0
JUMPS_S = (HOUR_S, -HOUR_S, DAY_S, -DAY_S, 0.0)


def test_nobody_is_taken_for_dead_because_business_time_jumped(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, local, business time jumps")
    for _ in range(dose(1, 10)):
        leave_in_peace(scene, tally, clock_jumps_s=JUMPS_S)
        tally.add("others", "clock")
    assert tally.verdict.found == []


def test_the_dead_are_found_although_business_time_stands_a_day_back(scene, tally_of):
    """Whoever takes over lives a day before the jobs were asked for, for half of the time."""
    tally = tally_of(f"jobs, {scene.database.label}, local, killed while business time jumps")
    for _ in range(dose(1, 5)):
        kill_at_random(scene, KILLS_A_ROUND, tally, clock_jumps_s=(-DAY_S, 0.0))
    assert tally.verdict.found == []
