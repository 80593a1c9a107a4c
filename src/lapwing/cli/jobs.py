"""job: types, list, show, health, work."""

from typing import Any

import click

from lapwing.cli.output import format_option, show_fields, show_list, show_one
from lapwing.cli.session import command

COLUMNS = ["job", "type", "status", "subject", "attempt", "scheduled_for", "result_code", "result"]


@click.group("job")
def job_command() -> None:
    """The ledger of jobs: what is to be done, what was done, and how it ended.

    \b
    Example: lapwing job list --status failed
    """


@format_option
def _types(form: str) -> None:
    """The types there are, with what was set for them.

    \b
    Example: lapwing job types
    """
    from lapwing.jobs.models import JobLimit
    from lapwing.jobs.types import job_types

    limits = {limit.name: limit for limit in JobLimit.objects.filter(scope="type")}
    records = [
        {"type": each.name, "label": each.label, "pool": each.pool, **limit_record(limits.get(each.name))}
        for each in job_types
        if not each.internal or each.name in limits
    ]
    show_list(records, form, ["type", "label", "pool", "paused", "concurrency", "rate"])


command(job_command, "types", help=_types.__doc__)(_types)


def limit_record(limit: Any) -> dict[str, Any]:
    if limit is None:
        return {"paused": False, "concurrency": None, "rate": None}
    rate = f"{limit.rate} in {limit.per_s} s" if limit.rate else None
    return {"paused": limit.paused, "concurrency": limit.concurrency, "rate": rate}


@click.option("--status", default="", help="Only in this status.")
@click.option("--type", "job_type", default="", help="Only of this type.")
@click.option("--subject", default="", help="Only for this subject, by its number.")
@click.option("--limit", type=click.IntRange(1), help="At most so many; default all.")
@format_option
def _list(status: str, job_type: str, subject: str, limit: int | None, form: str) -> None:
    """Jobs, newest first, those in the archive too.

    \b
    Example: lapwing job list --status failed --type send_email --limit 20
    """
    from lapwing.core.errors import Refused
    from lapwing.jobs.queries import newest_jobs, waits_for
    from lapwing.jobs.states import Status
    from lapwing.jobs.types import job_types

    if status and status not in Status.values:
        raise Refused("unknown_status", f"there is no status {status!r}; known: {', '.join(Status.values)}")
    if job_type:
        job_types.get(job_type)
    found = newest_jobs(status=status, job_type=job_type, subject=subject, limit=limit)
    reasons = waits_for(found)
    show_jobs([{**job_record(job), "result": reasons.get(job.pk) or job.result} for job in found], form)


command(job_command, "list", help=_list.__doc__)(_list)


def show_jobs(records: list[dict[str, Any]], form: str) -> None:
    """A table says for when jobs are scheduled only where one is still to come."""
    from lapwing.jobs.states import OPEN

    columns = COLUMNS
    if form == "table" and not any(record["status"] in OPEN for record in records):
        columns = [column for column in COLUMNS if column != "scheduled_for"]
    show_list(records, form, columns)


def job_record(job: Any) -> dict[str, Any]:
    return {
        "job": job.pk,
        "type": job.type,
        "status": str(job.status),
        "subject": job.subject,
        "attempt": job.attempt,
        "scheduled_for": job.scheduled_for.isoformat(),
        "result_code": job.result_code,
        "result": job.result,
    }


@click.argument("job", type=int)
@format_option
def _show(job: int, form: str) -> None:
    """One job with its parameters, job results, attempts, and what it waits for.

    \b
    Example: lapwing job show 4711
    """
    from lapwing.jobs.links import blocking
    from lapwing.jobs.queries import attempts_of, find_job, worker_names

    found = find_job(job)
    waits_for = [{"job": each.pk, "type": each.type, "status": str(each.status)} for each in blocking(job)]
    kept = list(attempts_of(job))
    names = worker_names({each.worker for each in kept})
    attempts = [
        {
            "attempt": each.number,
            "outcome": each.outcome,
            "worker": names.get(each.worker, each.worker),
            "code": each.code,
            "started_at": each.started_at.isoformat(),
            "ended_at": each.ended_at.isoformat(),
            "error": each.error,
        }
        for each in kept
    ]
    record = {
        **job_record(found),
        "doubtful": found.doubtful,
        "subject_kind": found.subject_kind,
        "requested_by": found.requested_by,
        "created_at": found.created_at.isoformat(),
        "parameters": found.parameters,
        "waits_for": waits_for,
        "attempts": attempts,
    }
    if form != "table":
        show_one(record, form)
        return
    told_apart = {"attempts", "waits_for", "doubtful"}
    show_fields({key: value for key, value in record.items() if key not in told_apart})
    if found.doubtful:
        click.echo("in doubt: an attempt may have had its effect")
    for each in waits_for:
        click.echo(
            f"waits for job {each['job']} ({each['type']}), which is {each['status'].replace('_', ' ')}"
        )
    if attempts:
        show_list(attempts, form, ["attempt", "outcome", "code", "started_at", "error"])


command(job_command, "show", help=_show.__doc__)(_show)


@format_option
def _health(form: str) -> int:
    """Whether workers live, jobs by status, how long the oldest due job has waited. Exit code 1 when jobs are silent.

    \b
    Example: lapwing job health --format json
    """
    from lapwing.jobs.health import health

    found = health()
    if form != "table":
        show_one(found, form)
        return int(found["silent"] > 0)
    show_fields({"jobs" if key == "open" else key: value for key, value in found.items()})
    if not found["workers"]:
        click.echo("no worker lives: start `lapwing serve` or `lapwing worker`")
    return int(found["silent"] > 0)


command(job_command, "health", help=_health.__doc__)(_health)


@click.option("--until-idle", is_flag=True, help="Return when nothing is due any more.")
def _work(until_idle: bool) -> None:
    """Carry out jobs in this process, until Ctrl-C.

    \b
    Example: lapwing job work --until-idle
    """
    from lapwing.cli.watching import until_stopped
    from lapwing.identity.permissions import Permission
    from lapwing.identity.queries import require
    from lapwing.jobs.queries import outcomes_of_worker
    from lapwing.jobs.worker import LocalWorker

    require(Permission.STEER_JOBS)
    stop = until_stopped()
    worker = LocalWorker()
    worker.run(stop=stop.is_set, until_idle=until_idle)
    ended = outcomes_of_worker(worker.token)
    told = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in ended.items())
    total = sum(ended.values())
    click.echo(f"{total} {'attempt' if total == 1 else 'attempts'}: {told}" if ended else "nothing was due")


command(job_command, "work", help=_work.__doc__)(_work)
