"""Handlers that raise, end their process, never return or eat all memory are set aside after six tries; the others go
on. A worker that dies is started again, as `lapwing worker` does.
"""

import time
from collections.abc import Callable

import pytest

from tests.faults.jobs.killing import finish
from tests.faults.jobs.kinds import BOOK, MISBEHAVIOURS
from tests.faults.jobs.scene import Scene, has_ended, wait_until
from tests.faults.stage import FULL, dose

WORKERS = 3
GOOD = {"SQLite": 400, "PostgreSQL": dose(1200, 2500)}  # more than are done while the bad ones are tried
UNDISTURBED_S = dose(2.0, 6.0)
OPTIONS = {"drag_s": 0.02, "chunk_at_most": 20, "memory_mb": 300}
REASONS = {
    "raise": ("ValueError: something unforeseen",),
    "exit": ("not heard of any more",),
    "hang": ("not heard of any more",),
    "eat": ("MemoryError", "not heard of any more"),  # on a slow machine it is cut off first
}


def test_bad_handlers_are_set_aside_and_the_others_go_on(scene, tally_of, tell):
    if scene.database.vendor == "sqlite" and not FULL:
        pytest.skip("part of the full dose: whoever hangs holds SQLite's only writer")
    tally = tally_of(f"jobs, {scene.database.label}, local, bad handlers")
    for _ in range(dose(1, 3)):
        tally.seed()
        good = {BOOK: GOOD[scene.database.label]}
        scene.clear().ask(good)
        until = time.monotonic() + UNDISTURBED_S
        undisturbed = good_a_second(scene, lambda until=until: time.monotonic() > until)
        scene.stop_all()

        jobs = scene.clear().ask({kind: 1 for kind in MISBEHAVIOURS.values()} | good)
        bad = [number for kind in MISBEHAVIOURS.values() for number in scene.asked[kind]]
        disturbed = good_a_second(scene, lambda: not open_jobs(scene, "misbehave"))
        for how, kind in MISBEHAVIOURS.items():
            (number,) = scene.asked[kind]
            ((status, tries, text),) = scene.rows(
                f"SELECT status, tries, result FROM jobs_job WHERE id = {number}"
            )
            assert (status, tries) == ("failed", 6), (how, status, tries, text)
            assert any(reason in text for reason in REASONS[how]), (how, text)
            tally.add("others", how)
        scene.stop_all()
        finish(scene, jobs, tally, may_fail=bad)
        tell(
            f"{tally.label}: while a handler that raises, one that exits, one that hangs (cut off after 0.5 s) and one "
            f"that eats memory were tried six times each, the others went on at {disturbed / undisturbed:.0%} of "
            f"their rate ({disturbed:.0f} of {undisturbed:.0f} jobs a second, {WORKERS} workers)"
        )
    assert tally.verdict.found == []


def good_a_second(scene: Scene, ended: Callable[[], bool]) -> float:
    """Jobs a second until it has ended, or until they are all done; whoever dies is replaced."""
    pids = [scene.worker(**OPTIONS) for _ in range(WORKERS)]
    begun, done_by = time.monotonic(), 0.0

    def watch() -> bool:
        nonlocal done_by
        for pid in [pid for pid in pids if has_ended(pid)]:
            scene.end(pid)
            pids[pids.index(pid)] = scene.worker(**OPTIONS)
        if not done_by and not open_jobs(scene, "book"):
            done_by = time.monotonic()
        time.sleep(0.02)
        return ended()

    assert wait_until(watch, 90), "somebody is stuck"
    return (GOOD[scene.database.label] - open_jobs(scene, "book")) / ((done_by or time.monotonic()) - begun)


def open_jobs(scene: Scene, job_type: str) -> int:
    states = "('waiting', 'retry', 'dispatched', 'in_progress')"
    return scene.rows(f"SELECT COUNT(*) FROM jobs_job WHERE type = '{job_type}' AND status IN {states}")[0][0]
