"""Who waits for whom: links are written with the follower and met when the predecessor ends."""

import json
from collections import Counter
from collections.abc import Collection

from django.db.models import F, Q

from lapwing.core.errors import Refused
from lapwing.core.sql import execute, lock_in_key_order
from lapwing.jobs.machine_time import records_sql
from lapwing.jobs.models import ArchivedJob, Job, JobLink
from lapwing.jobs.states import BROKEN, MET, OPEN, Status


def release_followers(predecessors: Collection[int]) -> None:
    """Meets the links of predecessors that ended as their followers need it; in the transaction that ends them."""
    well_ended = Job.objects.filter(pk__in=predecessors, status__in=MET).values("pk")
    links = JobLink.objects.filter(predecessor_id__in=predecessors, met=False)
    meeting = links.filter(Q(at_any_end=True) | Q(predecessor_id__in=well_ended))
    followers = Counter(meeting.values_list("job_id", flat=True))
    if not followers:
        return
    meeting.update(met=True)
    lock_in_key_order(Job.objects.filter(pk__in=followers))
    for count in sorted(set(followers.values())):
        same = [pk for pk, links in followers.items() if links == count]
        Job.objects.filter(pk__in=same).update(blockers=F("blockers") - count)


def follow(job: Job, predecessors: Collection[int], *, at_any_end: bool) -> None:
    """Lets a job that was just written wait for others; those that have ended well already hold nobody up."""
    lock_in_key_order(Job.objects.filter(pk__in=predecessors))
    statuses = dict(ArchivedJob.objects.filter(pk__in=predecessors).values_list("pk", "status"))
    statuses |= dict(Job.objects.filter(pk__in=predecessors).values_list("pk", "status"))
    if missing := sorted({*predecessors} - {*statuses}):
        raise Refused("unknown_job", f"job {job.pk} cannot wait for job {missing[0]}: there is none")
    lost = ArchivedJob.objects.filter(pk__in=predecessors, status__in=BROKEN).order_by("pk").first()
    if lost and not at_any_end:
        raise Refused(
            "job_archived", f"job {job.pk} cannot wait for job {lost.pk}: it {lost.status} and was archived"
        )
    unmet = [pk for pk in sorted(set(predecessors)) if not _is_met(statuses[pk], at_any_end)]
    JobLink.objects.bulk_create(
        JobLink(predecessor_id=pk, job_id=job.pk, at_any_end=at_any_end) for pk in unmet
    )
    if unmet:
        Job.objects.filter(pk__in=unmet).update(has_followers=True)
        job.blockers += len(unmet)
        job.save(update_fields=["blockers"])


def follow_many(pairs: Collection[tuple[int, int]], *, at_any_end: bool) -> None:
    """The same for many jobs just written, each with one predecessor: pairs of (predecessor, job)."""
    predecessors = {first for first, _ in pairs}
    if not pairs:
        return
    lock_in_key_order(Job.objects.filter(pk__in=predecessors))
    blocking_states = OPEN if at_any_end else [status for status in Status if status not in MET]
    unmet = set(
        Job.objects.filter(pk__in=predecessors, status__in=blocking_states).values_list("pk", flat=True)
    )
    links = [(first, job_id) for first, job_id in pairs if first in unmet]
    columns = {"first": "bigint", "job": "bigint", "any_end": "boolean"}
    execute(
        "INSERT INTO jobs_joblink (predecessor_id, job_id, at_any_end, met) "
        f"SELECT v.first, v.job, v.any_end, false FROM {records_sql(**columns)} WHERE true",
        [json.dumps([{"first": first, "job": job_id, "any_end": at_any_end} for first, job_id in links])],
    )
    Job.objects.filter(pk__in=unmet).update(has_followers=True)
    Job.objects.filter(pk__in=[job_id for _, job_id in links]).update(blockers=F("blockers") + 1)


def _is_met(status: str, at_any_end: bool) -> bool:
    return status in MET or (at_any_end and status not in OPEN)


def blocking(job_id: int) -> list[Job | ArchivedJob]:
    """The predecessors that a job still waits for."""
    unmet = JobLink.objects.filter(job_id=job_id, met=False).values("predecessor_id")
    found = [*Job.objects.filter(pk__in=unmet), *ArchivedJob.objects.filter(pk__in=unmet)]
    return sorted(found, key=lambda job: job.pk)
