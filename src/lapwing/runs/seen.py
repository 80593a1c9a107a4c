"""What a person saw of a run that stands still before he let it go on."""

from lapwing.core.errors import Refused
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts


def run_seen_as(run: Run) -> str:
    """A short mark of where a run stands and why; another after every step that it takes."""
    held = run.held_at.isoformat() if run.held_at else ""
    return "|".join([str(run.state), run.code or "", held, *map(str, counts(run).values())])


def refuse_other_standing(run: Run, seen: str) -> None:
    """Raises Refused `run_moved_on` where a locked run does not stand where the person saw it."""
    if seen != run_seen_as(run):
        where = " ".join(filter(None, (run.state.replace("_", " "), run.code and f"({run.code})")))
        raise Refused(
            "run_moved_on",
            f"run {run.pk} has gone on since that page was shown and is {where} now; nothing was done: look at it "
            "as it is, then decide",
        )
