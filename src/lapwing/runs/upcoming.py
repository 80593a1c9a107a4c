"""The next times of a version's schedule, in the organisation's zone."""

from lapwing.core import clock
from lapwing.identity.queries import organisation
from lapwing.runs.definitions import specification_of
from lapwing.runs.models import DefinitionVersion
from lapwing.runs.schedule import occurrences

SHOWN = 5


def next_times(version: DefinitionVersion) -> list[str]:
    zone = organisation().zone
    schedule = specification_of(version).schedule
    return [
        instant.astimezone(zone).isoformat() for instant in occurrences(schedule, zone, clock.now(), SHOWN)
    ]
