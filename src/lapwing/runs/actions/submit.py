"""Plans the runs of a definition by its schedule, and withdraws an earlier plan."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require, today
from lapwing.runs.actions.halt import change_state, lock_run
from lapwing.runs.actions.start_run import lock_definition, require_effective
from lapwing.runs.definitions import find, latest, refuse_other, specification_of
from lapwing.runs.models import Definition, DefinitionVersion, Run
from lapwing.runs.schedule import At, Now, Schedule, nominal_date, occurrence_at_or_after
from lapwing.runs.states import RunState


@transaction.atomic
def submit(code: str, *, seen: str | None = None) -> Run:
    """Writes the first planned run of the latest version; an earlier version's plan ends as `superseded`. `seen` is
    the mark of the definition that the person looked at (`seen_as`).

    Submitting the version that is planned already changes nothing. Raises Refused `definition_not_effective`,
    `at_in_the_past`, `no_occurrence`, `edited_meanwhile`.
    """
    require(Permission.CONDUCT_RUNS)
    definition = lock_definition(find(code))
    if seen is not None:
        refuse_other(definition, seen)
    require_effective(definition)
    version = latest(definition)
    planned = Run.objects.filter(definition=definition, state=RunState.DRAFT).first()
    if planned and planned.version_id == version.pk:
        return planned
    slot = _first_slot(definition, specification_of(version).schedule)
    if planned:
        change_state(
            lock_run(planned.pk),
            "cancel",
            code="superseded",
            description=f"version {version.version} was submitted",
        )
    return plan(definition, version, slot, submitted_by=actor())


def plan(
    definition: Definition, version: DefinitionVersion, slot: datetime | None, *, submitted_by: str
) -> Run:
    """Writes a planned run; without a slot it is due at once."""
    day = nominal_date(slot, organisation().zone) if slot else today()
    run = Run(
        definition=definition,
        version=version,
        planned_at=slot,
        nominal_on=day,
        window_from=day,
        submitted_by=submitted_by,
    )
    run.save()
    record(
        "run.plan",
        kind="run",
        subject_id=run.pk,
        subject=str(run.pk),
        run_id=run.pk,
        after={
            "definition": definition.alternative_code,
            "version": version.version,
            "planned_at": slot.isoformat() if slot else None,
        },
    )
    return run


def _first_slot(definition: Definition, schedule: Schedule) -> datetime | None:
    """The first occurrence from now on that no earlier run has had. Occurrences before now are never made up."""
    if isinstance(schedule, Now):
        return None
    zone, now = organisation().zone, clock.now()
    had = Run.objects.filter(definition=definition, planned_at__gte=now).exclude(state=RunState.CANCELLED)
    had_at = had.exclude(state=RunState.DRAFT).aggregate(at=Max("planned_at"))["at"]
    since = now if had_at is None else had_at + timedelta(microseconds=1)
    slot = occurrence_at_or_after(schedule, zone, since)
    if slot is None and isinstance(schedule, At):
        raise Refused(
            "at_in_the_past",
            f"definition {definition.alternative_code} is planned at {schedule.at}, which has passed",
        )
    if slot is None:
        raise Refused(
            "no_occurrence", f"the schedule of {definition.alternative_code} has no occurrence from now on"
        )
    return slot
