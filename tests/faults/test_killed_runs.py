"""A run that is killed at any point is finished by whoever resumes it: each subject once, nothing half done."""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults import points
from tests.faults.children import ROOT
from tests.faults.killing import Kill, Tally, duration_s, kill_and_resume, trials
from tests.faults.stage import BATCH_SIZE, BATCHES, dose

LAPWING = Path(sys.executable).parent / "lapwing"


def test_every_point_of_the_code_is_tried_and_told_in_the_docs():
    in_code = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'failpoint\("(runs\.[\w.]+)"\)', path.read_text())
    }
    told = set(re.findall(r"`(runs\.[\w.]+)` \|", (ROOT / "docs/faults.md").read_text()))
    assert in_code == {*points.RUN, *points.FIRE} == told


def test_killed_run_is_finished_by_whoever_resumes_it(stage, tell):
    tally = Tally()
    lasts_s = duration_s(stage, "started", 1)
    times = dose(1, 15)
    for kills in trials("run", points.RUN, each=times, at_random=10 * times):
        assert kill_and_resume(stage, "started", 1, kills, tally, lasts_s=lasts_s) == []
    while tally.kills < 20 * times:
        assert kill_and_resume(stage, "started", 1, [Kill()], tally, lasts_s=lasts_s) == []
    assert tally.between >= tally.kills // 4, "too few kills fell where batches were done and others not"
    tell(f"{stage.database.label}, {tally.line('runs killed')}")


def test_killed_undo_is_finished_by_whoever_resumes_it(stage, tell):
    tally = Tally()
    lasts_s = duration_s(stage, "undoing", 2)
    each, at_random = (1, 2) if dose(1, 0) else (5, 50)
    tried = (
        points.RUN
        if dose(0, 1)
        else ("runs.freeze.after_items", "runs.batch.after_actions", "runs.batch.after_audit")
    )
    for kills in trials("undo", tried, each=each, at_random=at_random):
        assert kill_and_resume(stage, "undoing", 2, kills, tally, lasts_s=lasts_s) == []
    while tally.kills < len(tried) * each + at_random:
        assert kill_and_resume(stage, "undoing", 2, [Kill()], tally, lasts_s=lasts_s) == []
    left_alone = stage.rows(
        "SELECT COUNT(*) FROM runs_runexclusion WHERE run_id = 2 AND code = 'changed_since'"
    )
    assert left_alone[0][0] > 10
    tell(f"{stage.database.label}, {tally.line('undo runs killed')}")


def test_scheduler_killed_while_it_fires_starts_one_run_a_slot(stage, tell):
    """The next tick starts what the killed one had not committed, and carries on what it had."""
    tally, chance = Tally(), random.Random("fire")
    later = (*points.FREEZE[:1], points.BATCH[2])
    for name in (*points.FIRE, *later) * dose(1, 5):
        stage.set("planned")
        tally.trials += 1
        nth = chance.randint(2, BATCHES - 3) if name in points.BATCH else 1
        kill = stage.deed("tick", batch_size=BATCH_SIZE, failpoint=f"{name}:die:{nth}")
        assert stage.try_(kill).was_killed
        tally.kills += 1
        tally.points[name] += 1
        if name in points.FIRE:
            assert stage.rows("SELECT id, state FROM runs_run") == [(1, "draft")], (
                "half a start was committed"
            )
        done = stage.try_(stage.deed("tick", batch_size=BATCH_SIZE)).value
        assert done and [ended["state"] for ended in done["ended"]] == ["completed"], done
        assert stage.rows("SELECT state FROM runs_run ORDER BY id") == [("completed",), ("draft",)]
        assert stage.judge() == []
    tell(
        f"{stage.database.label}, schedulers killed: {tally.kills} kills, one run a slot each time; "
        + ", ".join(sorted(tally.points))
    )


def test_command_killed_in_a_batch_is_resumed_by_the_command(stage, tmp_path):
    """The same through the real command and its environment, without anything of these tests in the process."""
    stage.set("planned")
    environment = {
        **os.environ,
        "LAPWING_DATABASE_URL": stage.database.url,
        "LAPWING_HOME": str(tmp_path),
        "LAPWING_CLOCK": "2015-03-10T12:00:00+00:00",
    }

    def lapwing(*arguments: str, **more: str) -> subprocess.CompletedProcess:
        command = [LAPWING, *arguments]
        return subprocess.run(
            command, env=environment | more, capture_output=True, text=True, timeout=90, check=False
        )

    olga = ("--as", "olga")
    killed = lapwing(
        "run", "start", "NGC", "--wait", "--yes", *olga, LAPWING_FAILPOINT="runs.batch.after_actions:die:4"
    )
    assert killed.returncode == -signal.SIGKILL, killed
    run_id = stage.rows("SELECT id FROM runs_run WHERE state = 'in_progress'")[0][0]
    done = lapwing("run", "resume", str(run_id), "--wait", *olga)
    assert done.returncode == 0 and "completed" in done.stdout, done
    again = lapwing("run", "resume", str(run_id), "--wait", *olga)
    assert again.returncode == 0 and "completed" in again.stdout, again
    assert lapwing("verify", *olga).returncode == 0
    assert stage.judge() == []
