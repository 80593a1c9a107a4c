"""Moves a run on: what its next step is, and doing it until it ends, halts or has to wait.

What the next step is follows from the rows alone, so any process can take a run over at any time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Max, Min

from lapwing.core import clock
from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.failpoints import failpoint
from lapwing.identity.queries import today
from lapwing.runs.actions.halt import halt
from lapwing.runs.batches import BatchFailed, carry_out_next, isolate
from lapwing.runs.brake import too_far_away
from lapwing.runs.definitions import specification_of
from lapwing.runs.freeze import freeze, hold
from lapwing.runs.models import Run
from lapwing.runs.quiet import allowed_at
from lapwing.runs.states import RunState

T = TypeVar("T")
TRIES = 5
FIRST_DELAY_S = 0.2
POLL_S = 0.2
APPROVAL_HOLDS = timedelta(hours=24)
# SQLite has one writer, and who waits for it looks every 100 ms only: a run lets others in from time to time.
BREATHE_EVERY_S, BREATH_S = 2.0, 0.12


@dataclass(frozen=True)
class Select:
    """The list is not frozen yet."""


@dataclass(frozen=True)
class CarryOut:
    """Batches of this wave, for customers of these calendars, may be carried out now."""

    wave: int
    calendars: tuple[str, ...]


@dataclass(frozen=True)
class WaitUntil:
    """Nothing may be done before this instant of business time."""

    at: datetime


@dataclass(frozen=True)
class PauseForCanary:
    """The canary is done: a person looks before the rest."""


@dataclass(frozen=True)
class HoldForBrake:
    """It waited so long before its first change that its date is too far away now."""

    reason: str


@dataclass(frozen=True)
class Complete:
    """No batch is left."""


Step = Select | CarryOut | WaitUntil | PauseForCanary | HoldForBrake | Complete | None


def next_step(run: Run) -> Step:
    """None where the run is halted or ended."""
    if run.state != RunState.IN_PROGRESS:
        return None
    allowed = _allowed_at(run, "")
    if run.frozen_at is None:
        return WaitUntil(allowed) if allowed > clock.now() else Select()
    unfinished = run.batches.filter(finished=False)
    wave = unfinished.aggregate(wave=Min("wave"))["wave"]
    if wave is None:
        return Complete()
    if reason := _too_late(run):
        return HoldForBrake(reason)
    if wave > 0 and not run.canary_passed and run.batches.filter(wave=0).exists():
        return PauseForCanary()
    calendars = unfinished.filter(wave=wave).values_list("calendar", flat=True).distinct()
    opens = {calendar: max(_allowed_at(run, calendar), _throttle_ends(run, wave)) for calendar in calendars}
    if not opens:
        return next_step(run)  # others finished the wave meanwhile
    ready = tuple(sorted(calendar for calendar, at in opens.items() if at <= clock.now()))
    return CarryOut(wave, ready) if ready else WaitUntil(min(opens.values()))


def next_at(run: Run) -> datetime | None:
    """When a run that waits goes on."""
    step = next_step(run)
    return step.at if isinstance(step, WaitUntil) else None


def _too_late(run: Run) -> str:
    approved_lately = run.approved_at is not None and abs(clock.now() - run.approved_at) < APPROVAL_HOLDS
    if run.undo_of_id or approved_lately or run.batches.filter(finished=True).exists():
        return ""
    return too_far_away(run.nominal_on, today())


def _throttle_ends(run: Run, wave: int) -> datetime:
    throttle = specification_of(run.version).throttle
    if run.undo_of_id or throttle is None or not throttle.wait:
        return clock.now()
    last = run.batches.filter(wave__lt=wave, finished=True).aggregate(at=Max("finished_at"))["at"]
    return last + throttle.wait if last else clock.now()


def _allowed_at(run: Run, calendar: str) -> datetime:
    waived = run.quiet_waived_until is not None and clock.now() < run.quiet_waived_until
    if run.undo_of_id or waived:
        return clock.now()
    return allowed_at(specification_of(run.version).quiet_times, calendar)


class Carrier(Protocol):
    """How batches get carried out: here in this process; with the job ledger, as jobs of many workers."""

    def carry(self, run: Run, step: CarryOut) -> bool:
        """Carries out or hands on what may be done now; False where others hold all of it."""
        ...


class InProcess:
    """Carries out one batch here and returns."""

    def carry(self, run: Run, step: CarryOut) -> bool:
        try:
            return carry_out_next(run.pk, step.wave, step.calendars) is not None
        except BatchFailed as failed:
            isolate(run.pk, failed.row_id, failed.error)
            return True


def carry_on(
    run_id: int,
    *,
    carrier: Carrier | None = None,
    report: Callable[[Run], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    share: bool = True,
) -> WaitUntil | None:
    """Does everything that can be done now. Returns what the run waits for; None where it ended, halted or was
    told to stop. Where others hold all that is left it waits for them or, without `share`, returns.
    """
    carrier = carrier or InProcess()
    breathed = time.monotonic()
    while not stop():
        run, step = with_retries(lambda: _look(run_id, report))
        if step is None or isinstance(step, WaitUntil):
            return step
        try:
            others_hold_it = with_retries(lambda run=run, step=step: _do(run, step, carrier)) is False
        except (OperationalError, InterfaceError) as error:
            with acting_as(SYSTEM):
                halt(run_id, "fail", code="database_lost", description=str(error)[:500])
            raise
        if others_hold_it and not share:
            return None
        if others_hold_it:
            time.sleep(POLL_S)
        if connection.vendor == "sqlite" and time.monotonic() - breathed > BREATHE_EVERY_S:
            time.sleep(BREATH_S)
            breathed = time.monotonic()
    return None


def conduct(run_id: int, *, report: Callable[[Run], None] | None = None) -> Run:
    """Carries a run on until it ends or halts; sleeps through waits unless business time stands still."""
    while (waiting := carry_on(run_id, report=report)) and not clock.is_standing():
        time.sleep(min(max((waiting.at - clock.now()).total_seconds(), 0), 1.0))
    return with_retries(lambda: Run.objects.select_related("definition", "version").get(pk=run_id))


def _look(run_id: int, report: Callable[[Run], None] | None) -> tuple[Run, Step]:
    run = Run.objects.select_related("definition", "version", "undo_of").get(pk=run_id)
    if report:
        report(run)
    return run, next_step(run)


def _do(run: Run, step: Step, carrier: Carrier) -> bool:
    """False where others hold all that could be done."""
    if isinstance(step, CarryOut):
        return carrier.carry(run, step)
    if isinstance(step, Select):
        _select(run)
        return True
    with acting_as(SYSTEM):
        _settle(run, step)
    return True


def _settle(run: Run, step: Step) -> None:
    match step:
        case PauseForCanary():
            halt(run.pk, "pause", code="canary", description="the canary is done; look at it, then resume")
        case HoldForBrake(reason):
            hold(run.pk, reason)
        case Complete():
            failpoint("runs.before_complete")
            halt(run.pk, "complete")


def _select(run: Run) -> None:
    try:
        with acting_as(run.submitted_by):
            freeze(run.pk)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        halt(run.pk, "fail", code="selection_failed", description=f"{type(error).__name__}: {error}"[:500])


def with_retries(work: Callable[[], T]) -> T:
    """Does it again after a deadlock or a lost connection, with growing delays; the last failure is raised.

    Repeating is safe: each step is one transaction that begins by reading what is left to do.
    """
    delay = FIRST_DELAY_S
    for attempt in range(1, TRIES + 1):
        try:
            return work()
        except (OperationalError, InterfaceError):
            if attempt == TRIES or connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(delay)
            delay *= 2
    raise AssertionError("the last failure is raised")
