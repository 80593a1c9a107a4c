"""The scheduler: starts planned runs when their time has come, plans the next, lets approvals lapse.

Any number of schedulers may run at once: each planned run is started under the lock of its definition.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, Value

from lapwing.audit.actions.record import record
from lapwing.audit.actions.seal import seal
from lapwing.audit.models import AuditEntry
from lapwing.core import clock
from lapwing.core.context import SYSTEM, acting_as, actor
from lapwing.core.failpoints import failpoint
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require
from lapwing.runs.actions.approve_run import IS_HELD, expire
from lapwing.runs.actions.halt import change_state, lock_run
from lapwing.runs.actions.start_run import lock_definition, record_start
from lapwing.runs.actions.submit import plan
from lapwing.runs.definitions import specification_of
from lapwing.runs.execution import Carrier, carry_on
from lapwing.runs.models import Definition, Run, Scheduler
from lapwing.runs.schedule import Advanced, Repeat, last_occurrence_until, next_occurrence, nominal_date
from lapwing.runs.states import OPEN, RUN, DefinitionState, RunState


def fire_due(failed: list[dict[str, Any]] | None = None) -> list[int]:
    """Starts every planned run that is due; returns the runs started. In stand-by nothing fires. A definition that
    cannot be fired is told in `failed` and does not hold back the others.
    """
    with acting_as(SYSTEM):
        for run in Run.objects.filter(IS_HELD):
            expire(run.pk)
        if in_stand_by():
            return []
        due = Run.objects.filter(state=RunState.DRAFT).exclude(planned_at__gt=clock.now())
        started = []
        for run_id, definition_id in due.values_list("pk", "definition"):
            try:
                started.append(_fire(definition_id))
            except Exception as error:
                if failed is None:
                    raise
                failed.append({"run": run_id, "error": f"{type(error).__name__}: {error}"[:300]})
        return [run_id for run_id in started if run_id is not None]


def in_stand_by() -> bool:
    return Scheduler.objects.filter(pk=1, stand_by=True).exists()


@transaction.atomic
def set_stand_by(stand_by: bool) -> None:
    """What comes due in stand-by fires, merged into one, when the scheduler runs again."""
    require(Permission.CONDUCT_RUNS)
    Scheduler.objects.get_or_create(pk=1)
    row = Scheduler.objects.select_for_update().get(pk=1)
    if row.stand_by == stand_by:
        return
    row.stand_by, row.changed_by, row.changed_at = stand_by, actor(), clock.now()
    row.save()
    record("scheduler.stand_by" if stand_by else "scheduler.run", kind="scheduler", subject_id=1)


@transaction.atomic
def _fire(definition_id: int) -> int | None:
    definition = lock_definition(Definition(pk=definition_id))
    planned = Run.objects.filter(definition=definition, state=RunState.DRAFT).first()
    if planned is None or (planned.planned_at and planned.planned_at > clock.now()):
        return None
    if definition.life_cycle_state != DefinitionState.EFFECTIVE:
        change_state(
            lock_run(planned.pk),
            "cancel",
            code="definition_not_effective",
            description=f"definition {definition.alternative_code} was not effective when its time came",
        )
        return None
    if Run.objects.filter(definition=definition, state__in=OPEN).exists():
        return None  # it waits, and what comes due meanwhile is merged into it
    run = lock_run(planned.pk)
    following = _merge_missed(run)
    run.state, run.started_at = RUN.target(run.state, "start", str(run.pk)), clock.now()
    run.save()
    record_start(run)
    failpoint("runs.fire.after_start")
    if following:
        plan(definition, run.version, following, submitted_by=run.submitted_by)
    failpoint("runs.fire.before_commit")
    return run.pk


def _merge_missed(run: Run) -> datetime | None:
    """Moves the run to the latest occurrence that is due, keeping the earliest as the start of its window; returns
    the slot after it.
    """
    zone = organisation().zone
    schedule = specification_of(run.version).schedule
    if not isinstance(schedule, Repeat | Advanced):
        return None  # it keeps the date it was planned for, however late it fires
    run.window_from = nominal_date(run.planned_at, zone)
    run.planned_at = last_occurrence_until(schedule, zone, clock.now()) or run.planned_at
    run.nominal_on = nominal_date(run.planned_at, zone)
    return next_occurrence(schedule, zone, run.planned_at)


def is_idle() -> bool:
    """Nothing is due, open or unsealed: one statement, so that a service may ask it every second."""
    due = Q(state=RunState.DRAFT) & ~Q(planned_at__gt=clock.now())
    wanted = Run.objects.filter(IS_HELD | due | Q(state=RunState.IN_PROGRESS))
    unsealed = AuditEntry.objects.filter(seal_position=None)
    return not wanted.values_list(Value(1)).union(unsealed.values_list(Value(1)))


def tick(*, stop: Callable[[], bool] = lambda: False, carrier: Carrier | None = None) -> dict[str, Any]:
    """Starts what is due, carries every open run on as far as it goes now, here or by `carrier`, and seals the
    audit. One run that fails does not hold back the others. Returns runs started, ended, waiting, and those that
    could not be carried on.
    """
    require(Permission.CONDUCT_RUNS)
    ended, waiting, failed = [], [], []
    started = fire_due(failed)
    for run_id in Run.objects.filter(state=RunState.IN_PROGRESS).order_by("pk").values_list("pk", flat=True):
        if stop():
            break
        try:
            step = carry_on(run_id, carrier=carrier, stop=stop, share=False)
        except Exception as error:
            failed.append({"run": run_id, "error": f"{type(error).__name__}: {error}"[:300]})
            continue
        run = Run.objects.get(pk=run_id)
        if step is not None:
            waiting.append({"run": run_id, "next_at": step.at.isoformat()})
        elif run.state != RunState.IN_PROGRESS:
            ended.append({"run": run_id, "state": str(run.state), "code": run.code or None})
    return {"started": started, "ended": ended, "waiting": waiting, "failed": failed, "sealed": seal()}
