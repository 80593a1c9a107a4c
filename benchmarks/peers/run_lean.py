"""For the record: the shortest script. One transaction, no lock, no second look, no hash, one audit entry.

It also deactivates those that ours protects, so its rows are not compared. `python -m benchmarks.peers.run_lean`
"""

import json
import os
import time

from benchmarks.engines import peak_memory_mb
from benchmarks.peers.run_by_hand import ACTION, SELECT, Script

ACT = f"{ACTION} FROM runs_runitem i JOIN subscriptions_subscription s ON s.id = i.subject_id WHERE i.run_id = :run"
CHANGE = """
    UPDATE subscriptions_subscription
    SET life_cycle_state = 'not_effective', grace_open = :no, revision = revision + 1, updated_at = :noon,
        updated_by = :operator
    WHERE id IN (SELECT subject_id FROM runs_runitem WHERE run_id = :run)
"""
RUN_ID = 1


def main() -> None:
    script = Script(os.environ["LAPWING_DATABASE_URL"], batch_size=10**9)
    script.common |= {"run": RUN_ID, "reason": "lean"}
    before = time.perf_counter()
    script.hand.begin()
    items = script.run(SELECT[script.hand.engine]).rowcount
    script.run(ACT)
    script.run(CHANGE)
    script.audit("run.batch", {"done": items})
    script.hand.commit()
    took = time.perf_counter() - before
    rss = peak_memory_mb()
    print(json.dumps({"items": items, "seconds": took, "rss_mb": rss}))


if __name__ == "__main__":
    main()
