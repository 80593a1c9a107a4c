"""Takes the database away from working workers in several ways, and judges what came of it."""

import random
import time
from collections.abc import Callable

from tests.faults.jobs.killing import CHUNK, DRAG_S, WORKERS, finish
from tests.faults.jobs.kinds import MIX
from tests.faults.jobs.ledgers import PostgresqlDatabase
from tests.faults.jobs.proxy import Proxy
from tests.faults.jobs.scene import LEASE_S, Scene, wait_until
from tests.faults.jobs.tally import Tally


def cut(scene: Scene, ways: list[str], tally: Tally, *, defects: tuple[str, ...] = ()) -> None:
    """One round: three workers behind a line that can be cut, and these faults one after the other."""
    assert isinstance(scene.database, PostgresqlDatabase)
    chance = random.Random(tally.seed())
    scene.clear()
    jobs = scene.ask(MIX)
    server = scene.database.server
    proxy = Proxy(server.port)
    url = server.url.replace(f":{server.port}/", f":{proxy.port}/")
    try:
        for _ in range(WORKERS):
            scene.worker(url=url, chunk_at_most=CHUNK, drag_s=DRAG_S, defects=defects)
        for way in ways:
            time.sleep(chance.uniform(0.02, 0.12))
            if not scene.open_jobs():
                jobs += scene.ask(MIX)
            if WAYS[way](scene, proxy, chance):
                tally.add("database", way)
            else:
                tally.missed += 1
        finish(scene, jobs, tally, defects=defects)
    finally:
        scene.kill_all()
        proxy.close()


def _restart(scene: Scene, proxy: Proxy, chance: random.Random) -> bool:
    scene.look_away()
    scene.database.server.restart_immediately(away_s=chance.uniform(0, 0.5))
    return True


def _session(scene: Scene, proxy: Proxy, chance: random.Random) -> bool:
    scene.look_away()
    sessions = scene.database.server.sessions()
    if sessions:
        scene.database.server.terminate(chance.choice(sessions))
    return bool(sessions)


def _commit_lost(scene: Scene, proxy: Proxy, chance: random.Random) -> bool:
    return _at_commit(scene, proxy, chance, after_sending=False)


def _answer_lost(scene: Scene, proxy: Proxy, chance: random.Random) -> bool:
    return _at_commit(scene, proxy, chance, after_sending=True)


def _at_commit(scene: Scene, proxy: Proxy, chance: random.Random, *, after_sending: bool) -> bool:
    before = proxy.cuts
    proxy.cut_at_commit(nth=chance.randint(1, 8), after_sending=after_sending)
    return wait_until(lambda: proxy.cuts > before, 3)


def _one_way(way: str) -> Callable[[Scene, Proxy, random.Random], bool]:
    def hold(scene: Scene, proxy: Proxy, chance: random.Random) -> bool:
        proxy.hold(way)
        scene.worker()  # on a line of its own; takes over
        time.sleep(LEASE_S + chance.uniform(0.3, 0.8))
        proxy.let_pass()
        return True

    return hold


WAYS: dict[str, Callable[[Scene, Proxy, random.Random], bool]] = {
    "restart": _restart,
    "session": _session,
    "commit lost": _commit_lost,
    "answer to commit lost": _answer_lost,
    "no way to it": _one_way("up"),
    "no way back": _one_way("down"),
}
