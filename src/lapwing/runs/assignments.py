"""What a run, or a question about one, is to do and for which days."""

from datetime import date

from lapwing.identity.queries import today
from lapwing.runs.definitions import latest, specification_of
from lapwing.runs.kinds import Assignment
from lapwing.runs.models import Definition, Run


def assignment_of(run: Run) -> Assignment:
    return Assignment(
        specification=specification_of(run.version),
        nominal_on=run.nominal_on,
        window_from=run.window_from,
        today=today(),
    )


def assignment_on(definition: Definition, day: date) -> Assignment:
    """What the latest version would do if it ran for that day."""
    return Assignment(
        specification=specification_of(latest(definition)), nominal_on=day, window_from=day, today=today()
    )
