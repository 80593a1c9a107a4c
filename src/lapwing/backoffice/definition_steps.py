"""Which steps a definition's screen offers, and the action behind each."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.templatetags.lapwing import words
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.runs.actions.change_definition import (
    delete_definition,
    refuse_deletion,
    set_definition_state,
)
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.submit import submit
from lapwing.runs.models import Definition, Run
from lapwing.runs.states import OPEN, DefinitionState


@dataclass(frozen=True)
class Asked:
    """What the page that asked had shown, and the reason that was typed there."""

    seen: str  # the definition's mark
    day: str  # for which a run would be, as ISO date
    quiet: bool  # it said that it is a quiet time
    reason: str = ""


Act = Callable[[str, Asked], tuple[str, Run | None]]


@dataclass(frozen=True)
class DefinitionStep:
    """One thing that a person may do with a definition; `act` returns what is told and the run it led to."""

    name: str
    label: Any
    question: Any
    permission: Permission
    possible: Callable[[Definition], bool]
    act: Act
    tone: str = "plain"


def _is(state: DefinitionState) -> Callable[[Definition], bool]:
    return lambda definition: definition.life_cycle_state == state


def _may_start(definition: Definition) -> bool:
    return _is(DefinitionState.EFFECTIVE)(definition) and not definition.runs.filter(state__in=OPEN).exists()


def _start(code: str, asked: Asked) -> tuple[str, Run | None]:
    """The page says beforehand when it is a quiet time; who goes on waives it."""
    run = start_run(
        code, quiet_times_waived=asked.quiet, reason=asked.reason, seen=asked.seen, seen_on=asked.day
    )
    return _("Run %(run)s of %(code)s is started.") % {"run": run.pk, "code": code}, run


def _submit(code: str, asked: Asked) -> tuple[str, Run | None]:
    run = submit(code, seen=asked.seen)
    return _("%(code)s is submitted: run %(run)s is planned.") % {"run": run.pk, "code": code}, run


def _state(state: DefinitionState) -> Act:
    def act(code: str, asked: Asked) -> tuple[str, Run | None]:
        set_definition_state(code, state)
        return _("%(code)s is %(state)s.") % {"code": code, "state": words(state)}, None

    return act


def _may_delete(definition: Definition) -> bool:
    try:
        refuse_deletion(definition)
    except Refused:
        return False
    return True


def _delete(code: str, asked: Asked) -> tuple[str, Run | None]:
    delete_definition(code)
    return _("%(name)s is deleted.") % {"name": code}, None


EFFECTIVE, NOT_EFFECTIVE = DefinitionState.EFFECTIVE, DefinitionState.NOT_EFFECTIVE
STEPS = {
    step.name: step
    for step in (
        DefinitionStep(
            "start",
            gettext_lazy("Run now"),
            gettext_lazy("One run for today, whatever the schedule."),
            Permission.CONDUCT_RUNS,
            _may_start,
            _start,
            "strong",
        ),
        DefinitionStep(
            "submit",
            gettext_lazy("Submit"),
            gettext_lazy("Plans the runs of the latest version by its schedule; the scheduler starts them."),
            Permission.CONDUCT_RUNS,
            _is(EFFECTIVE),
            _submit,
        ),
        DefinitionStep(
            "effective",
            gettext_lazy("Set effective"),
            gettext_lazy("It may be submitted and started again."),
            Permission.EDIT_DEFINITIONS,
            _is(NOT_EFFECTIVE),
            _state(EFFECTIVE),
        ),
        DefinitionStep(
            "not-effective",
            gettext_lazy("Set not effective"),
            gettext_lazy("Nothing of it runs any more; a planned run ends cancelled when its time comes."),
            Permission.EDIT_DEFINITIONS,
            _is(EFFECTIVE),
            _state(NOT_EFFECTIVE),
            "danger",
        ),
        DefinitionStep(
            "delete",
            gettext_lazy("Delete"),
            gettext_lazy("All its versions are deleted; this cannot be taken back."),
            Permission.EDIT_DEFINITIONS,
            _may_delete,
            _delete,
            "danger",
        ),
    )
}


def definition_offers(definition: Definition, permissions: Set[Permission]) -> list[DefinitionStep]:
    return [step for step in STEPS.values() if step.permission in permissions and step.possible(definition)]
