"""Handlers that raise, end their process, never return or eat all memory are set aside after six tries; the others go
on. A worker that dies is started again, as `lapwing worker` does.
"""

import time

from tests.faults.jobs.kinds import BOOK, MISBEHAVIOURS
from tests.faults.jobs.scene import Scene, has_ended, wait_until
from tests.faults.stage import dose

WORKERS = 3
REASONS = {
    "raise": "ValueError: something unforeseen",
    "exit": "not heard of any more",
    "hang": "not heard of any more",
    "eat": "MemoryError",
}


def test_bad_handlers_are_set_aside_and_the_others_go_on(scene, tally_of, tell):
    tally = tally_of(f"jobs, {scene.database.label}, local, bad handlers")
    good = dose(300, 3000)
    for _ in range(dose(1, 3)):
        tally.seed()
        undisturbed_s = duration_s(scene.clear(), {BOOK: good})
        wanted = {BOOK: good} | {kind: 1 for kind in MISBEHAVIOURS.values()}
        disturbed_s = duration_s(scene.clear(), wanted)
        bad = [number for kind in MISBEHAVIOURS.values() for number in scene.asked[kind]]
        tally.judged(sum(wanted.values()), scene.judge(may_fail=bad))
        for how, kind in MISBEHAVIOURS.items():
            ((status, tries, text),) = scene.rows(
                f"SELECT status, tries, result FROM jobs_job WHERE id = {scene.asked[kind][0]}"
            )
            assert (status, tries) == ("failed", 6) and REASONS[how] in text, (how, status, tries, text)
            tally.add("others", how)
        tell(
            f"{tally.label}: {good} others at {undisturbed_s / disturbed_s:.0%} of their undisturbed rate, while four "
            f"bad ones were tried six times each, a hanging one cut off after 1 s"
        )
    assert tally.verdict.found == []


def duration_s(scene: Scene, wanted: dict) -> float:
    """Seconds until all good ones had ended; returns when the bad ones have ended, too."""
    scene.ask(wanted)
    begun = time.monotonic()
    pids = [scene.worker(**OPTIONS) for _ in range(WORKERS)]
    ended_s = 0.0

    def all_ended() -> bool:
        nonlocal ended_s
        for pid in [pid for pid in pids if has_ended(pid)]:
            scene.end(pid)
            pids.remove(pid)
            pids.append(scene.worker(**OPTIONS))
        if not ended_s and scene.rows(f"SELECT COUNT(*) FROM jobs_job WHERE type = 'book' AND {OPEN}") == [(0,)]:
            ended_s = time.monotonic() - begun
        return not scene.open_jobs()

    assert wait_until(all_ended, 60), "somebody is stuck"
    scene.stop_all()
    return ended_s


OPEN = "status IN ('waiting', 'retry', 'dispatched', 'in_progress')"
OPTIONS = {"drag_s": 0.004, "chunk_at_most": 20, "memory_mb": 600}
