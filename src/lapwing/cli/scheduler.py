"""scheduler: status, stand-by, run, tick, serve."""

from typing import Any

import click

from lapwing.cli.output import format_option, show_one
from lapwing.cli.session import command


@click.group("scheduler")
def scheduler_command() -> None:
    """Starts planned runs when their time has come.

    \b
    Example: lapwing scheduler status
    """


@format_option
def _status(form: str) -> None:
    """Whether it runs or stands by, what is planned next and what is open.

    \b
    Example: lapwing scheduler status
    """
    show_one(_record(), form)


command(scheduler_command, "status", help=_status.__doc__)(_status)


def _record() -> dict[str, Any]:
    from lapwing.core import clock
    from lapwing.runs.models import Run
    from lapwing.runs.scheduling import in_stand_by
    from lapwing.runs.states import OPEN, RunState

    planned = Run.objects.filter(state=RunState.DRAFT).select_related("definition").order_by("planned_at")
    return {
        "state": "stand_by" if in_stand_by() else "running",
        "now": clock.now().isoformat(),
        "planned": [
            {
                "run": run.pk,
                "definition": run.definition.alternative_code,
                "at": run.planned_at.isoformat() if run.planned_at else "at once",
            }
            for run in planned
        ],
        "open": list(Run.objects.filter(state__in=OPEN).order_by("pk").values_list("pk", flat=True)),
    }


def _stand_by_command(name: str, stand_by: bool, what: str) -> None:
    @format_option
    def change(form: str) -> None:
        from lapwing.runs.scheduling import set_stand_by

        set_stand_by(stand_by)
        show_one(_record(), form)

    command(scheduler_command, name, help=f"{what}\n\n\b\nExample: lapwing scheduler {name}")(change)


_stand_by_command(
    "stand-by", True, "Let nothing fire until `scheduler run`; what comes due is merged into one."
)
_stand_by_command("run", False, "Let planned runs fire again.")


@format_option
def _tick(form: str) -> None:
    """Start what is due and carry on what is open, once: for cron and tests.

    \b
    Example: lapwing scheduler tick --format json
    """
    from lapwing.runs.scheduling import tick

    show_one(tick(), form)


command(scheduler_command, "tick", help=_tick.__doc__)(_tick)


def _serve() -> None:
    """Start what is due and ask for the jobs of open runs, until Ctrl-C; workers carry them out.

    \b
    Example: lapwing scheduler serve
    """
    from lapwing.cli.service import schedule
    from lapwing.cli.watching import until_stopped

    schedule(until_stopped())


command(scheduler_command, "serve", help=_serve.__doc__)(_serve)
