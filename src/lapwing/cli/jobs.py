"""job: types, list, show, run-now, cancel, pause, resume, limit, health, work."""

from typing import Any

import click

from lapwing.cli.output import format_option, show_fields, show_list, show_one
from lapwing.cli.session import command, confirm, yes_option

COLUMNS = ["job", "type", "status", "subject", "attempt", "scheduled_for", "result_code", "result"]
AT_ONCE = 500  # jobs that one transaction steers
lane_option = click.option("--lane", is_flag=True, help="The name is a lane (a connector), not a type.")


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
        {"type": each.name, "label": each.label, "pool": each.pool, **_limit_record(limits.get(each.name))}
        for each in job_types
        if not each.internal or each.name in limits
    ]
    show_list(records, form, ["type", "label", "pool", "paused", "concurrency", "rate"])


command(job_command, "types", help=_types.__doc__)(_types)


def _limit_record(limit: Any) -> dict[str, Any]:
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
    show_list([{**_record(job), "result": reasons.get(job.pk) or job.result} for job in found], form, COLUMNS)


command(job_command, "list", help=_list.__doc__)(_list)


def _record(job: Any) -> dict[str, Any]:
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
        **_record(found),
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
    show_fields({key: value for key, value in record.items() if key not in {"attempts", "waits_for"}})
    for each in waits_for:
        click.echo(
            f"waits for job {each['job']} ({each['type']}), which is {each['status'].replace('_', ' ')}"
        )
    if attempts:
        show_list(attempts, form, ["attempt", "outcome", "code", "started_at", "error"])


command(job_command, "show", help=_show.__doc__)(_show)


@click.argument("jobs", type=int, nargs=-1)
@click.option(
    "--failed", "job_type", metavar="TYPE", default="", help="All failed jobs of a type, instead of numbers."
)
@click.option("--code", default="", help="With --failed: only those with this result code.")
@yes_option
@format_option
def _run_now(jobs: tuple[int, ...], job_type: str, code: str, yes: bool, form: str) -> None:
    """Bring jobs forward; run failed and cancelled ones again, with a new series of six attempts.

    \b
    Example: lapwing job run-now 4711
    Example: lapwing job run-now --failed sync_license_change_log --code provider_credentials
    """
    from lapwing.jobs.actions.run_now import run_now
    from lapwing.jobs.queries import failed_jobs

    if bool(jobs) == bool(job_type) or (code and not job_type):
        raise click.UsageError("name jobs by their numbers, or --failed TYPE")
    chosen = list(jobs) or failed_jobs(job_type, code)
    if len(chosen) > 1:
        confirm(f"Run {len(chosen)} jobs now?", yes=yes)
    done = [
        job for start in range(0, len(chosen), AT_ONCE) for job in run_now(chosen[start : start + AT_ONCE])
    ]
    show_list([_record(job) for job in done], form, COLUMNS)


command(job_command, "run-now", help=_run_now.__doc__)(_run_now)


@click.argument("jobs", type=int, nargs=-1, required=True)
@yes_option
@format_option
def _cancel(jobs: tuple[int, ...], yes: bool, form: str) -> None:
    """Cancel jobs; one in progress ends where it can stop safely.

    \b
    Example: lapwing job cancel 4711
    """
    from lapwing.jobs.actions.cancel import cancel

    if len(jobs) > 1:
        confirm(f"Cancel {len(jobs)} jobs?", yes=yes)
    show_list([_record(job) for job in cancel(jobs)], form, COLUMNS)


command(job_command, "cancel", help=_cancel.__doc__)(_cancel)


def _pausing(name: str, help_text: str) -> None:
    @click.argument("type_name", metavar="TYPE")
    @lane_option
    @format_option
    def change(type_name: str, lane: bool, form: str) -> None:
        from lapwing.jobs.actions.set_limit import pause, resume

        limit = (pause if name == "pause" else resume)("lane" if lane else "type", type_name)
        show_one({limit.scope: limit.name, **_limit_record(limit)}, form)

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
    show_one({limit.scope: limit.name, **_limit_record(limit)}, form)


command(job_command, "limit", help=_limit.__doc__)(_limit)


@format_option
def _health(form: str) -> int:
    """Whether workers live, what is open, and how long the oldest due job has waited. Exit code 1 when jobs are silent.

    \b
    Example: lapwing job health --format json
    """
    from lapwing.jobs.queries import health

    found = health()
    show_one(found, form)
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
