"""Two who do the same at the same instant: one run, one run a slot, each subject once; and a pause that holds."""

from tests.faults.stage import BATCH_SIZE, BREATH_S, SUBSCRIPTIONS, Stage, dose


def test_two_people_starting_a_definition_make_one_run(stage, tell):
    times = dose(20, 200)
    stage.set("base")
    for turn in range(1, times + 1):
        endings = stage.together(stage.deed("start"), stage.deed("start"))
        (run_id,) = [ending.value for ending in endings if ending.value]
        assert [ending.refused for ending in endings if not ending.value] == ["run_open"], endings
        assert stage.rows("SELECT COUNT(*) FROM runs_run WHERE state = 'in_progress'") == [(1,)]
        assert stage.rows("SELECT COUNT(*) FROM runs_run") == [(turn,)]
        stage.do("cancel", run_id=run_id)
    assert stage.judge() == []
    tell(
        f"{stage.database.label}, two starts at one instant: {times} times, one run each, the other refused run_open"
    )


def test_two_schedulers_start_one_run_a_slot(stage, tell):
    times = dose(5, 50)
    tick = stage.deed("tick", batch_size=BATCH_SIZE)
    both = 0
    for _ in range(times):
        stage.set("planned")
        endings = stage.together(tick, tick)
        assert not any(ending.error or ending.refused for ending in endings), endings
        assert [run_id for ending in endings for run_id in ending.value["started"]] == [1], endings
        assert stage.rows("SELECT state FROM runs_run ORDER BY id") == [("completed",), ("draft",)]
        assert not any(ending.value["failed"] for ending in endings), endings
        both += all(ending.value["ended"] for ending in endings)
        assert stage.judge() == []
    tell(
        f"{stage.database.label}, two schedulers ticking a due plan: {times} times, one run a slot; both carried it {both} times"
    )


def test_two_processes_carrying_one_run_do_each_subject_once(stage, tell):
    times = dose(4, 40)
    shared = 0
    for _ in range(times):
        stage.set("started")
        conduct = stage.deed("conduct", run_id=1, batch_size=BATCH_SIZE)
        endings = stage.together(conduct, conduct)
        assert all(ending.value and ending.value["state"] == "completed" for ending in endings), endings
        assert sum(ending.value["carried"] for ending in endings) == SUBSCRIPTIONS // BATCH_SIZE
        shared += all(ending.value["carried"] for ending in endings)
        assert stage.judge() == []
    tell(
        f"{stage.database.label}, two processes carrying one run: {times} times, each subject once; both did batches {shared} times"
    )


def test_nothing_changes_after_a_pause_returned(stage, tell):
    times = dose(4, 40)
    under_way = 0
    for turn in range(times):
        stage.set("started")
        conduct = stage.deed("conduct", run_id=1, batch_size=BATCH_SIZE, breath_s=BREATH_S)
        pause = stage.deed("pause_and_watch", run_id=1, after_batches=2 + turn % 8, watch_s=0.3)
        run, paused = stage.together(conduct, pause)
        assert paused.value and paused.value["state"] == "paused", (run, paused)
        assert paused.value["at_once"] == paused.value["later"], paused
        under_way += paused.value["at_once"] > 0
        assert run.value["state"] == "paused", run
        resumed = stage.do("conduct", run_id=1, batch_size=BATCH_SIZE)
        assert resumed["state"] == "completed"
        assert stage.judge() == []
    tell(
        f"{stage.database.label}, paused while batches ran: {times} times ({under_way} after actions), nothing changed for 300 ms after"
    )


def test_pause_holds_while_two_processes_carry_the_run(stage, tell):
    """Each batch that ends lets a carrier claim the next, so a pause that locked them one after another would chase."""
    times = dose(4, 40)
    under_way = 0
    for turn in range(times):
        stage.set("started")
        conduct = stage.deed("conduct", run_id=1, batch_size=BATCH_SIZE, breath_s=BREATH_S)
        pause = stage.deed("pause_and_watch", run_id=1, after_batches=2 + turn % 6, watch_s=0.3)
        first, second, paused = stage.together(conduct, conduct, pause)
        assert paused.value and paused.value["state"] == "paused", (first, second, paused)
        assert paused.value["at_once"] == paused.value["later"], paused
        under_way += 0 < paused.value["at_once"] < SUBSCRIPTIONS
        assert {first.value["state"], second.value["state"]} == {"paused"}, (first, second)
        assert stage.do("conduct", run_id=1, batch_size=BATCH_SIZE)["state"] == "completed"
        assert stage.judge() == []
    tell(
        f"{stage.database.label}, paused while two processes carried the run: {times} times ({under_way} in the middle), nothing changed for 300 ms after"
    )


def test_pause_waits_for_the_batch_under_way(stage):
    assert pause_under_way(stage, ()) == []


def pause_under_way(stage: Stage, defects: tuple[str, ...]) -> list[str]:
    """Pauses while a batch stands still in the middle; returns what happened after the pause returned."""
    stage.set("started")
    stall = stage.deed(
        "conduct_with_a_stall",
        run_id=1,
        batch_size=BATCH_SIZE,
        seconds=1.5,
        breath_s=BREATH_S,
        failpoint="runs.batch.after_locks:stall:3",
        defects=defects,
    )
    run, paused = stage.together(
        stall, stage.deed("pause_and_watch", run_id=1, after_batches=3, watch_s=2.0, delay_s=BREATH_S + 0.3)
    )
    assert paused.value and paused.value["state"] == "paused", (run, paused)
    if paused.value["later"] != paused.value["at_once"]:
        return [f"{paused.value['later'] - paused.value['at_once']} actions after the pause had returned"]
    return stage.judge()
