"""job: run-now, cancel, settle, pause, resume, limit."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from lapwing.cli.jobs import job_command, job_record, limit_record, show_jobs
from lapwing.cli.output import format_option, show_one
from lapwing.cli.session import command, confirm, yes_option

__all__ = ["job_command"]
AT_ONCE = 500  # jobs that one transaction steers
lane_option = click.option("--lane", is_flag=True, help="The name is a lane (a connector), not a type.")
jobs_argument = click.argument("jobs", type=int, nargs=-1)
failed_option = click.option(
    "--failed", "job_type", metavar="TYPE", default="", help="All failed jobs of a type, instead of numbers."
)
code_option = click.option("--code", default="", help="With --failed: only those with this result code.")


def _chosen(jobs: tuple[int, ...], job_type: str, code: str = "") -> list[int]:
    from lapwing.jobs.queries import failed_jobs

    if bool(jobs) == bool(job_type) or (code and not job_type):
        raise click.UsageError("name jobs by their numbers, or --failed TYPE")
    return list(jobs) or failed_jobs(job_type, code)


def _steer(
    chosen: list[int], question: str, act: Callable[[Sequence[int]], Sequence[Any]], *, yes: bool, form: str
) -> None:
    """Asks where there are many, then acts on so many at once."""
    if len(chosen) > 1:
        confirm(question, yes=yes)
    parts = [chosen[start : start + AT_ONCE] for start in range(0, len(chosen), AT_ONCE)]
    show_jobs([job_record(job) for part in parts for job in act(part)], form)


@jobs_argument
@failed_option
@code_option
@yes_option
@format_option
def _run_now(jobs: tuple[int, ...], job_type: str, code: str, yes: bool, form: str) -> None:
    """Bring jobs forward; run failed and cancelled ones again, with a new series of six attempts.

    \b
    Example: lapwing job run-now 4711
    Example: lapwing job run-now --failed sync_license_change_log --code provider_credentials
    """
    from lapwing.jobs.actions.run_now import run_now

    chosen = _chosen(jobs, job_type, code)
    _steer(chosen, f"Run {len(chosen)} jobs now?", run_now, yes=yes, form=form)


command(job_command, "run-now", help=_run_now.__doc__)(_run_now)


@jobs_argument
@failed_option
@code_option
@yes_option
@format_option
def _cancel(jobs: tuple[int, ...], job_type: str, code: str, yes: bool, form: str) -> None:
    """Cancel jobs; one in progress ends where it can stop safely, one that failed is not run again.

    \b
    Example: lapwing job cancel 4711
    Example: lapwing job cancel --failed send_email --code smtp_refused
    """
    from lapwing.jobs.actions.cancel import cancel

    chosen = _chosen(jobs, job_type, code)
    _steer(chosen, f"Cancel {len(chosen)} jobs?", cancel, yes=yes, form=form)


command(job_command, "cancel", help=_cancel.__doc__)(_cancel)


@jobs_argument
@failed_option
@click.option("--happened/--not-happened", default=None, help="What became of it at the other system.")
@click.option("--reason", default="", help="How you found out.")
@yes_option
@format_option
def _settle(
    jobs: tuple[int, ...], job_type: str, happened: bool | None, reason: str, yes: bool, form: str
) -> None:
    """Say what became of jobs that need a person: their effect did happen, or it did not.

    What did happen has succeeded. What did not has failed: run it now, or cancel it. With --failed TYPE, all of that
    type that need a person.

    \b
    Example: lapwing job settle 4711 --happened --reason "their portal shows it"
    Example: lapwing job settle --failed send_email --not-happened --reason "their log"
    """
    from lapwing.jobs.actions.settle import settle
    from lapwing.jobs.states import NEEDS_PERSON

    if happened is None:
        raise click.UsageError("say --happened or --not-happened")
    chosen = _chosen(jobs, job_type, NEEDS_PERSON if job_type else "")
    words = "did happen" if happened else "did not happen"

    def act(some: Sequence[int]) -> Sequence[Any]:
        return settle(some, happened=happened, reason=reason)

    _steer(chosen, f"Say of {len(chosen)} jobs that it {words}?", act, yes=yes, form=form)


command(job_command, "settle", help=_settle.__doc__)(_settle)


def _pausing(name: str, help_text: str) -> None:
    @click.argument("type_name", metavar="TYPE")
    @lane_option
    @format_option
    def change(type_name: str, lane: bool, form: str) -> None:
        from lapwing.jobs.actions.set_limit import pause, resume

        limit = (pause if name == "pause" else resume)("lane" if lane else "type", type_name)
        show_one({limit.scope: limit.name, **limit_record(limit)}, form)

    command(job_command, name, help=f"{help_text}\n\n\b\nExample: lapwing job {name} send_email")(change)


_pausing("pause", "Let nothing more of a type begin; what is under way ends.")
_pausing("resume", "Let jobs of a paused type begin again.")


@click.argument("name", metavar="TYPE")
@lane_option
@click.option("--concurrency", type=int, help="At most so many at once; without it, any number.")
@click.option("--rate", type=int, help="At most so many starts; without it, any number.")
@click.option("--per", "per_s", type=int, default=1, show_default=True, help="Seconds that --rate counts.")
@format_option
def _limit(name: str, lane: bool, concurrency: int | None, rate: int | None, per_s: int, form: str) -> None:
    """Limit how many jobs of a type, or of a lane, run at once and start in a time.

    \b
    Example: lapwing job limit sync_license_change_log --rate 10 --per 1
    """
    from lapwing.jobs.actions.set_limit import set_limit

    limit = set_limit("lane" if lane else "type", name, concurrency=concurrency, rate=rate, per_s=per_s)
    show_one({limit.scope: limit.name, **limit_record(limit)}, form)


command(job_command, "limit", help=_limit.__doc__)(_limit)
