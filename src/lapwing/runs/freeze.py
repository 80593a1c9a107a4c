"""Freezes a run's list: selects every subject in one statement, cuts the list into batches, and decides whether the
run may begin or waits for somebody's word. One transaction; until it commits, the run has no list.
"""

import hashlib

from django.db import connection, transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.failpoints import failpoint
from lapwing.core.sql import analyze, execute, insert_select, table
from lapwing.runs.actions.halt import change_state, lock_run
from lapwing.runs.assignments import assignment_of
from lapwing.runs.brake import why_held
from lapwing.runs.kinds import ITEM_COLUMNS, RunKind, kinds
from lapwing.runs.models import Run, RunBatch, RunItem
from lapwing.runs.specification import Specification
from lapwing.runs.states import RUN, RunState

HASH_ROWS_AT_ONCE = 5_000
UNBOUND = 2**62


def freeze(run_id: int) -> None:
    """Selects for a run that is in progress and has no list yet; otherwise changes nothing."""
    _freeze(run_id)
    failpoint("runs.freeze.after_commit")
    analyze(RunItem)


@transaction.atomic
def _freeze(run_id: int) -> None:
    run = (
        Run.objects.select_for_update(of=("self",))
        .select_related("definition", "version", "undo_of")
        .get(pk=run_id)
    )
    if run.state != RunState.IN_PROGRESS or run.frozen_at is not None:
        return
    kind = kinds.get(run.definition.kind)
    assignment = assignment_of(run)
    chosen = kind.select_undo(run.undo_of) if run.undo_of else kind.select(assignment)
    columns = {name: f"item_{name}" for name in ITEM_COLUMNS}
    run.selected = insert_select(RunItem, {"run_id": run.pk, "subject_id": "pk", **columns}, chosen)
    failpoint("runs.freeze.after_items")
    _cut(run, kind, assignment.specification)
    failpoint("runs.freeze.after_batches")
    run.frozen_at = clock.now()
    if not run.undo_of_id and (held := why_held(run, kind, assignment)):
        run.state = RUN.target(run.state, held.event, str(run.pk))
        run.code, run.description, run.held_at = held.code, held.description, clock.now()
        run.list_hash = list_hash(run.pk)
    run.save()
    record(
        "run.select",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        run_id=run.pk,
        after={
            "selected": run.selected,
            "state": str(run.state),
            "code": run.code,
            "description": run.description,
            "list": run.list_hash,
        },
    )


@transaction.atomic
def hold(run_id: int, reason: str) -> None:
    """Pauses a frozen run by the safety brake before its first change."""
    run = lock_run(run_id)
    if run.state == RunState.IN_PROGRESS:
        run.held_at, run.list_hash = clock.now(), list_hash(run_id)
        change_state(run, "pause", code="safety_brake", description=reason)


def list_hash(run_id: int) -> str:
    """SHA-256 over the frozen list in key order: what an approval is given for."""
    digest = hashlib.sha256()
    items = RunItem.objects.filter(run_id=run_id).order_by("subject_id")
    columns = items.values_list("subject_id", "owner_id", "amount_minor", "currency", "witness")
    for row in columns.iterator(chunk_size=HASH_ROWS_AT_ONCE):
        digest.update("|".join(map(str, row)).encode() + b"\n")
    return digest.hexdigest()


def _cut(run: Run, kind: RunKind, specification: Specification) -> None:
    """Writes the batch rows by one statement: the canary first, then waves of the throttle's size, each in batches
    no larger than the kind carries out at once.
    """
    undo = run.undo_of_id is not None
    canary = 0 if undo else specification.safety.canary or 0
    throttle = None if undo else specification.throttle
    wave_size = throttle.max_batch_size if throttle else UNBOUND
    quoted = {"batch": table(RunBatch), "item": table(RunItem)}
    execute(
        """
        INSERT INTO {batch} (run_id, wave, calendar, first_key, last_key, items, finished, done, skipped, errors,
                             took_s)
        SELECT %s, wave, calendar, MIN(subject_id), MAX(subject_id), COUNT(*), {false}, 0, 0, 0, 0
        FROM (
            SELECT subject_id, calendar,
                   CASE WHEN place < %s THEN 0 ELSE 1 + (place - %s) / %s END AS wave,
                   CASE WHEN place < %s THEN place ELSE (place - %s) %% %s END / %s AS part
            FROM (
                SELECT subject_id, calendar, ROW_NUMBER() OVER (ORDER BY {calendar} subject_id) - 1 AS place
                FROM {item} WHERE run_id = %s
            ) numbered
        ) placed
        GROUP BY wave, calendar, part ORDER BY wave, part, calendar
        """.format(
            **quoted,
            false="FALSE" if connection.vendor == "postgresql" else "0",
            calendar="calendar," if specification.quiet_times and not undo else "",
        ),
        [run.pk, canary, canary, wave_size, canary, canary, wave_size, kind.batch_size, run.pk],
    )
