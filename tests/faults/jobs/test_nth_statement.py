"""Every statement of a worker fails once, before the database saw it or after: nothing is lost, done twice or stuck."""

import random

from tests.faults.jobs.killing import finish
from tests.faults.jobs.kinds import BOOK, ORDER, TELL
from tests.faults.stage import dose

FEW = {BOOK: 6, ORDER: 3, TELL: 3}


def test_any_statement_may_fail(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, local, the n-th statement fails")
    chance = random.Random(tally.seed())
    numbers = range(1, statements(scene) + 1)
    trials = [(nth, afterwards) for nth in numbers for afterwards in (False, True)]
    failed = set()
    for nth, afterwards in dose(chance.sample(trials, 6), trials):
        jobs = scene.clear().ask(FEW)
        pid = scene.worker(fails_at=(nth, afterwards), chunk_at_most=5)
        before = len(tally.verdict.found)
        scene.settle(within_s=12)
        (ending,) = scene.stop(pid)
        if ending.value and ending.value["failed"]:
            tally.add("others", "statement failed")
            failed.add(ending.value["failed"].split()[0])
        finish(scene, jobs, tally)
        tally.verdict.found[before:] = [
            f"statement {nth}, {afterwards}: {line}" for line in tally.verdict.found[before:]
        ]
    assert tally.verdict.found == []
    assert {"COMMIT", "UPDATE", "INSERT"} & failed


def statements(scene) -> int:
    """How many a worker sends until all jobs have ended."""
    scene.clear().ask(FEW)
    pid = scene.worker(fails_at=(10**9, False), chunk_at_most=5)
    assert scene.settle()
    (ending,) = scene.stop(pid)
    return ending.value["statements"]
