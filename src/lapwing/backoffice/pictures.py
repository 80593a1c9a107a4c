"""Pictures of one job as SVG: who waits for whom, and its attempts on a line of time. Geometry only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lapwing.jobs.models import ArchivedJob, Job, JobAttempt
from lapwing.jobs.overview import Family

BOX_WIDTH, BOX_HEIGHT, COLUMN_GAP, ROW_GAP = 178, 46, 54, 14
LINE_WIDTH, LINE_LEFT, LINE_ROW = 760, 84, 24
NARROWEST = 3.0


@dataclass(frozen=True)
class Box:
    job: Job | ArchivedJob
    label: str
    x: int
    y: int
    is_self: bool


@dataclass(frozen=True)
class FamilyPicture:
    """Predecessors stand on the left, followers on the right; an arrow leads from who must end first."""

    boxes: Sequence[Box]
    arrows: Sequence[tuple[str, bool]]  # the path, and whether that wait is over
    width: int
    height: int
    has_more: bool
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def family_picture(family: Family, labels: dict[str, str]) -> FamilyPicture:
    distances = sorted(family.by_distance)
    tallest = max(len(jobs) for jobs in family.by_distance.values())
    height = tallest * (BOX_HEIGHT + ROW_GAP) + ROW_GAP
    boxes: dict[int, Box] = {}
    for column, distance in enumerate(distances):
        jobs = family.by_distance[distance]
        top = (height - len(jobs) * (BOX_HEIGHT + ROW_GAP) + ROW_GAP) // 2
        for row, job in enumerate(jobs):
            x, y = 2 + column * (BOX_WIDTH + COLUMN_GAP), top + row * (BOX_HEIGHT + ROW_GAP)
            boxes[job.pk] = Box(job, labels.get(job.type, job.type), x, y, distance == 0)
    arrows = [
        (_arrow(boxes[link.predecessor_id], boxes[link.job_id]), link.met)
        for link in family.links
        if link.predecessor_id in boxes and link.job_id in boxes
    ]
    width = len(distances) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP + 4
    return FamilyPicture(list(boxes.values()), arrows, width, height, bool(family.more))


def _arrow(first: Box, then: Box) -> str:
    start, end = first.x + BOX_WIDTH, then.x - 5
    from_y, to_y = first.y + BOX_HEIGHT // 2, then.y + BOX_HEIGHT // 2
    middle = (start + end) // 2
    return f"M{start} {from_y} C{middle} {from_y} {middle} {to_y} {end} {to_y}"


@dataclass(frozen=True)
class AttemptBar:
    attempt: JobAttempt
    x: float
    width: float
    y: int


@dataclass(frozen=True)
class AttemptLine:
    """One row an attempt, from the beginning of the first to the end of the last."""

    bars: Sequence[AttemptBar]
    begins: datetime
    ends: datetime
    height: int
    left: int = LINE_LEFT
    width: int = LINE_WIDTH
    row: int = LINE_ROW


def attempt_line(attempts: Sequence[JobAttempt]) -> AttemptLine | None:
    if not attempts:
        return None
    begins = min(each.started_at for each in attempts)
    ends = max(each.ended_at for each in attempts)
    whole = max((ends - begins).total_seconds(), 0.001)
    room = LINE_WIDTH - LINE_LEFT - NARROWEST
    bars = []
    for row, each in enumerate(attempts):
        x = LINE_LEFT + room * (each.started_at - begins).total_seconds() / whole
        width = max(room * (each.ended_at - each.started_at).total_seconds() / whole, NARROWEST)
        bars.append(AttemptBar(each, round(x, 1), round(width, 1), row * LINE_ROW + 4))
    return AttemptLine(bars, begins, ends, len(bars) * LINE_ROW + 26)
