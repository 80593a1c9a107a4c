"""A definition that is still being written: what is wrong with it, what it would do, and when it would fire."""

from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lapwing.core import clock
from lapwing.core.errors import Invalid, Problem
from lapwing.identity.queries import organisation, today
from lapwing.runs.actions.apply_definition import checked
from lapwing.runs.definitions import read
from lapwing.runs.kinds import Assignment, RunKind
from lapwing.runs.schedule import Schedule, occurrences
from lapwing.runs.specification import SECTIONS, parse
from lapwing.runs.upcoming import SHOWN

_SCHEDULE: TypeAdapter = TypeAdapter(Schedule)
NO_ONE_YET = 0  # no definition has this key, so nothing was done by it in the last 24 hours


def problems_of_draft(content: dict[str, Any]) -> list[Problem]:
    """Every wrong field, as applying it would name them; [] where it could be applied."""
    try:
        checked(content)
    except Invalid as invalid:
        return invalid.problems
    return []


def assignment_of_draft(kind: RunKind, content: dict[str, Any], day: date) -> Assignment:
    """What it would do on that day, as far as that is written: whom it selects does not wait for its name or schedule.

    Raises Invalid with what is wrong with that part.
    """
    decisive = {name: content[name] for name in SECTIONS if name in content}
    try:
        specification = read(kind, decisive)
    except Invalid as invalid:
        problems = [each for each in invalid.problems if each.field.split(".")[0] in SECTIONS]
        if problems:
            raise Invalid(invalid.code, "the criteria are not valid", problems) from None
        specification = parse(decisive, criteria=kind.Criteria, safety=kind.Safety)
    return Assignment(specification=specification, nominal_on=day, window_from=day, today=today())


def next_times_of(schedule: dict[str, Any]) -> list[datetime]:
    """The next instants at which a schedule that is being written would fire; [] while it cannot be read."""
    try:
        read_as = _SCHEDULE.validate_python(schedule)
    except ValidationError:
        return []
    return occurrences(read_as, organisation().zone, clock.now(), SHOWN)
