"""Two who ask for the same work at the same instant get one job."""

from tests.faults.jobs.kinds import BOOK
from tests.faults.jobs.scene import Scene
from tests.faults.stage import dose


def ask_twice(scene: Scene, times: int) -> list[str]:
    """What is wrong after two processes asked for one key, so many times."""
    scene.clear()
    found = []
    for turn in range(times):
        ask = scene.deed("ask", asked=[("book", 1, {})], key=f"K{turn}")
        endings = scene.together(ask, ask)
        numbers = {ending.value["book"][0] for ending in endings if ending.value}
        if len(numbers) != 1 or any(ending.error for ending in endings):
            found.append(f"turn {turn}: {endings}")
        scene.asked.setdefault(BOOK, []).extend(numbers)
    found += [
        f"key {key} is held by {count} open jobs"
        for key, count in scene.rows(
            "SELECT deduplication_key, COUNT(*) FROM jobs_job GROUP BY deduplication_key HAVING COUNT(*) > 1"
        )
    ]
    return found


def test_two_who_ask_at_once_get_one_job(scene, tally_of):
    tally = tally_of(f"jobs, {scene.database.label}, asked for twice at once")
    times = dose(20, 200)
    assert ask_twice(scene, times) == []
    scene.worker()
    scene.settle()
    scene.stop_all()
    tally.add("others", "asked twice", times)
    tally.judged(times, scene.judge())
    assert tally.verdict.found == []
