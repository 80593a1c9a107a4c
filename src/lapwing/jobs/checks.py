"""What must be so of the ledger at any time; `lapwing verify` recomputes it."""

from collections.abc import Iterator

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from lapwing.core.invariants import SHOWN, invariant
from lapwing.jobs.health import silent_jobs
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt, JobLink
from lapwing.jobs.states import ENDED, LIVE, MET, READY, Status


@invariant("the attempts of a job are numbered without gaps, one ending each")
def attempts_have_no_gaps() -> Iterator[str]:
    kept = JobAttempt.objects.filter(job_id=OuterRef("pk")).order_by().values("job_id")
    ended = Case(When(status=Status.IN_PROGRESS, then=F("attempt") - 1), default=F("attempt"))
    for model in (Job, ArchivedJob):
        counted = model.objects.annotate(
            ended=ended,
            kept=Coalesce(Subquery(kept.annotate(n=Count("number")).values("n")), 0),
            last=Coalesce(Subquery(kept.annotate(n=Max("number")).values("n")), 0),
        )
        for job in counted.exclude(kept=F("ended"), last=F("ended"))[:SHOWN]:
            yield f"job {job.pk}: {job.ended} attempts ended, {job.kept} are kept, the last is {job.last}"


@invariant("a live job is held under a lease, and no other is")
def leases_are_of_live_jobs() -> Iterator[str]:
    held = ~Q(lease_token="")
    for job in Job.objects.filter(Q(held, ~Q(status__in=LIVE)) | Q(~held, status__in=LIVE))[:SHOWN]:
        yield f"job {job.pk} is {job.status}, lease {job.lease_token or 'none'!r}"


@invariant("a waiting job counts the predecessors that it still waits for")
def blockers_are_counted() -> Iterator[str]:
    links = JobLink.objects.filter(job_id=OuterRef("pk"), met=False).order_by().values("job_id")
    counted = Job.objects.annotate(unmet=links.annotate(n=Count("predecessor_id")).values("n"))
    for job in counted.filter(Q(blockers__gt=0) | Q(unmet__gt=0)).iterator():
        if job.blockers != (job.unmet or 0):
            yield f"job {job.pk} waits for {job.unmet or 0} predecessors, counted {job.blockers}"


@invariant("nobody waits for a predecessor that has ended well")
def followers_were_released() -> Iterator[str]:
    met = Job.objects.filter(pk=OuterRef("predecessor_id"), status__in=MET)
    archived = ArchivedJob.objects.filter(pk=OuterRef("predecessor_id"), status__in=MET)
    for link in JobLink.objects.filter(Exists(met) | Exists(archived), met=False)[:SHOWN]:
        yield f"job {link.job_id} still waits for job {link.predecessor_id}, which has ended well"


@invariant("an ended job has an end, an open one has none")
def ends_have_times() -> Iterator[str]:
    wrong = Q(status__in=ENDED, finished_at=None) | Q(status__in=READY, finished_at__isnull=False)
    for job in Job.objects.filter(wrong)[:SHOWN]:
        yield f"job {job.pk} is {job.status}, finished at {job.finished_at}"


@invariant("no job is in the ledger and in its archive")
def archived_once() -> Iterator[str]:
    for job in ArchivedJob.objects.filter(pk__in=Job.objects.values("pk"))[:SHOWN]:
        yield f"job {job.pk} is in both"


@invariant("no job is silent: due for an hour and not begun, or without its worker for ten minutes")
def no_job_is_silent() -> Iterator[str]:
    for pk, name, why in silent_jobs():
        yield f"job {pk} ({name}) {why}; is a worker running? `lapwing job work`, `lapwing worker`"
