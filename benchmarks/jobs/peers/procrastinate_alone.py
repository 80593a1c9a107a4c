"""Procrastinate with a task that does nothing; runs in a virtualenv of its own, without Lapwing.

All jobs are deferred first; the clock runs from the first task to the last. Finished jobs are kept, as it does by
default, with their events. `python procrastinate_alone.py URL ROWS CONCURRENCY`
"""

import asyncio
import itertools
import json
import sys
import time

import procrastinate


async def main(url: str, rows: int, concurrency: int) -> dict[str, float]:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    counter, first, last = itertools.count(1), 0.0, 0.0
    done = 0

    @app.task(name="no_op")
    async def no_op(number: int) -> None:
        nonlocal done, first, last
        done, last = next(counter), time.perf_counter()
        first = first or last

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, rows, 500):
            some = [{"number": number} for number in range(start, min(start + 500, rows))]
            await no_op.batch_defer_async(*some)
        await asyncio.wait_for(
            app.run_worker_async(concurrency=concurrency, wait=False, install_signal_handlers=False), 300
        )
    assert done == rows, (done, rows)
    return {"rate": rows / (last - first)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
