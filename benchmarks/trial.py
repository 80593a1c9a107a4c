"""One trial of ours, in a process of its own: prints what it measured as one JSON line.

`python -m benchmarks.trial run|undo|preview [--batch-size N] [--no-disturbance]`
"""

import argparse
import json
import os
import time


def main() -> None:
    import django

    django.setup()
    from benchmarks.base import NOON, OPERATOR
    from benchmarks.engines import peak_memory_mb
    from lapwing.core import clock
    from lapwing.core.context import acting_as
    from lapwing.runs.kinds import kinds

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "undo", "preview"])
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--no-disturbance", action="store_true")
    arguments = parser.parse_args()
    if arguments.batch_size:
        kinds.get("deactivate_in_grace").batch_size = arguments.batch_size
    clock.stand_at(NOON)
    with acting_as(OPERATOR):
        measured = {"run": run, "undo": undo, "preview": preview}[arguments.what](arguments)
    measured["rss_mb"] = peak_memory_mb()
    print(json.dumps(measured))


class Selecting:
    """The time of the one statement that selects and writes the list."""

    seconds = 0.0

    def __call__(self, execute, sql, params, many, context):
        before = time.perf_counter()
        result = execute(sql, params, many, context)
        if sql.startswith('INSERT INTO "runs_runitem"'):
            self.seconds = time.perf_counter() - before
        return result


def run(arguments: argparse.Namespace) -> dict:
    """Freeze and batches, each by the clock; the disturbance between them is not counted."""
    from django.db import connection

    from benchmarks.base import CODE
    from benchmarks.engines import cpu_seconds, in_process
    from lapwing.runs.actions.start_run import start_run
    from lapwing.runs.execution import InProcess, carry_on
    from lapwing.runs.models import Run

    class AfterFreeze(InProcess):
        """The usual carrier; before the first batch it stops the freeze's clock and disturbs."""

        frozen_at = 0.0
        resumed_at = 0.0
        cpu_at_freeze = 0.0

        def carry(self, run, step):
            if not self.frozen_at:
                self.frozen_at, self.cpu_at_freeze = time.perf_counter(), cpu_seconds(backend)
                if not arguments.no_disturbance:
                    in_process("benchmarks.disturb", os.environ["LAPWING_DATABASE_URL"])
                self.resumed_at = time.perf_counter()
            return super().carry(run, step)

    started = start_run(CODE)
    backend = connection.connection.info.backend_pid if connection.vendor == "postgresql" else None
    carrier, selecting = AfterFreeze(), Selecting()
    before, cpu = time.perf_counter(), cpu_seconds(backend)
    with connection.execute_wrapper(selecting):
        carry_on(started.pk, carrier=carrier)
    after, cpu_after = time.perf_counter(), cpu_seconds(backend)
    ended = Run.objects.get(pk=started.pk)
    assert ended.state == "completed", (ended.state, ended.code, ended.description)
    return {
        "run": ended.pk,
        "items": ended.selected,
        "insert_s": selecting.seconds,
        "freeze_s": carrier.frozen_at - before,
        "apply_s": after - carrier.resumed_at,
        "freeze_cpu_s": carrier.cpu_at_freeze - cpu,
        "apply_cpu_s": cpu_after - carrier.cpu_at_freeze,
    }


def undo(arguments: argparse.Namespace) -> dict:
    """Reverses the latest run of this database."""
    from lapwing.runs.actions.undo_run import undo_run
    from lapwing.runs.execution import carry_on
    from lapwing.runs.models import Run

    original = Run.objects.latest("pk")
    before = time.perf_counter()
    started = undo_run(original.pk)
    carry_on(started.pk)
    took = time.perf_counter() - before
    ended = Run.objects.get(pk=started.pk)
    assert ended.state == "completed", (ended.state, ended.code, ended.description)
    return {"run": ended.pk, "items": ended.selected, "seconds": took}


def preview(arguments: argparse.Namespace) -> dict:
    import dataclasses

    from benchmarks.base import CODE, DAY
    from lapwing.runs.definitions import find
    from lapwing.runs.preview import preview as preview_of

    before = time.perf_counter()
    found = preview_of(find(CODE), DAY)
    took = time.perf_counter() - before
    return {"seconds": took, "found": found if isinstance(found, dict) else dataclasses.asdict(found)}


if __name__ == "__main__":
    main()
