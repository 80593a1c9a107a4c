"""A worker that is killed anywhere loses no job and does none twice: others take over what it held."""

import re

from tests.faults.children import ROOT
from tests.faults.jobs import points
from tests.faults.jobs.killing import KILLS_A_ROUND, kill_at, kill_at_random, rounds_of
from tests.faults.stage import dose


def test_every_point_of_the_code_is_tried_and_told_in_the_docs():
    in_code = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'failpoint\(\s*"(?!runs\.)([\w.]+)"', path.read_text())
    }
    told = set(re.findall(r"^\| `(jobs\.[\w.]+)` \|", (ROOT / "docs/faults.md").read_text(), re.MULTILINE))
    assert in_code == set(points.ALL) == told


def test_worker_killed_at_a_named_point_leaves_nothing_undone_or_done_twice(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, local, killed at points")
    kills = dose(10, 150)
    for some in rounds_of(kills):
        kill_at(scene, some, tally)
    while missing := [point for point in points.LOCAL if not tally.faults["kills", point]]:
        kill_at(scene, missing[:KILLS_A_ROUND], tally)
        assert len(tally.seeds) < 2 * kills, f"never reached: {missing}"
    assert tally.verdict.found == []


def test_one_of_three_workers_killed_at_any_time(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, local, killed at random")
    kills = dose(10, 150)
    while tally.of("kills") < kills:
        kill_at_random(scene, KILLS_A_ROUND, tally)
    assert tally.verdict.found == []
