"""A worker that was frozen past its lease writes nothing when it wakes up: another has done its jobs."""

from itertools import cycle, islice

from tests.faults.jobs.freezing import POINTS, freeze_at, freeze_at_random
from tests.faults.stage import dose

AT_ONCE = 3


def test_worker_frozen_past_its_lease_writes_nothing_late(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, local, frozen past the lease")
    points = cycle(POINTS[scene.database.vendor])
    at_points, all_in_all = dose((4, 6), (66, 100))
    while tally.of("freezes") < at_points:
        freeze_at(scene, list(islice(points, AT_ONCE)), tally)
    while tally.of("freezes") < all_in_all:
        freeze_at_random(scene, tally)
    assert tally.verdict.found == []
    assert tally.taken_over >= len(tally.seeds), "too few were taken over while their holders were frozen"
