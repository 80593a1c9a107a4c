"""Asks for the jobs that merge scheduled license changes, each when its day begins, and says which wait for which.

Two changes of one subscription keep their order: a merge waits for the open one of the day before.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast, Concat, JSONObject

from lapwing.core.sql import Unindexed, lock_in_key_order, text
from lapwing.identity.queries import organisation
from lapwing.jobs.actions.enqueue import enqueue_from
from lapwing.jobs.links import follow_many
from lapwing.jobs.models import Job, JobLink
from lapwing.jobs.states import OPEN, READY
from lapwing.subscriptions.models import ScheduledLicenseChangeLog

MERGE = "merge_scheduled_license_change_log"


def merge_key(scheduled_id: int | str) -> str:
    """The deduplication key of the job that merges it."""
    return f"scheduled change {scheduled_id}"


def merge_key_of(column: str | OuterRef) -> Concat:
    """The same in a query; `column` is the key of the scheduled change."""
    return Concat(Value(merge_key("")), Cast(column, CharField()), output_field=CharField())


def ask_for_merge(scheduled: ScheduledLicenseChangeLog) -> None:
    """The job that merges it when its day begins in the organisation's zone, where there is none already."""
    ask_for_merges(ScheduledLicenseChangeLog.objects.filter(pk=scheduled.pk))


def ask_for_merges(changes: QuerySet[ScheduledLicenseChangeLog]) -> None:
    """A job each, in a handful of statements; the caller holds these changes."""
    days = changes.order_by().values_list("effective_on", flat=True).distinct()
    columns = {
        "subject_kind": text("subscription"),
        "subject_id": "subscription_id",
        "subject": "subscription__number",
        "parameters": JSONObject(scheduled_change=F("pk")),
        "deduplication_key": merge_key_of("pk"),
        "scheduled_for": _beginning(days),
    }
    if enqueue_from(MERGE, changes.order_by("effective_on", "pk"), columns):
        _put_in_order(changes)


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), organisation().zone)


def _beginning(days: Iterable[date]) -> Case:
    """When the day of a row begins: neither database knows it by itself as the other does."""
    instants = (
        When(effective_on=day, then=Value(_begins(day), output_field=DateTimeField())) for day in days
    )
    return Case(*instants, output_field=DateTimeField())


def _put_in_order(changes: QuerySet[ScheduledLicenseChangeLog]) -> None:
    """The open merges of these subscriptions wait for each other in the order of their changes' days, whenever they
    were asked for; two of one day in the order in which they were planned.
    """
    merges = _open_merges(subject__in=changes.order_by().values("subscription__number"))
    lock_in_key_order(merges.filter(status__in=READY))  # what has not begun does not begin meanwhile
    jobs = {job.parameters["scheduled_change"]: job for job in merges}
    linked = set(
        JobLink.objects.filter(job_id__in=merges.values("pk")).values_list("predecessor_id", "job_id")
    )
    of_them = ScheduledLicenseChangeLog.objects.filter(
        subscription_id__in=changes.order_by().values("subscription_id")
    )
    in_order = of_them.order_by("subscription_id", "effective_on", "pk").values_list("pk", "subscription_id")
    pairs = [
        (jobs[first].pk, jobs[second].pk)
        for (first, of), (second, also_of) in pairwise(each for each in in_order if each[0] in jobs)
        if of == also_of and jobs[second].status in READY
    ]
    follow_many([pair for pair in pairs if pair not in linked], at_any_end=True)


def _open_merges(**conditions: Any) -> QuerySet[Job]:
    """Along the index of subjects, of which each has few jobs."""
    jobs = Job.objects.annotate(its_type=Unindexed(F("type")))
    return jobs.filter(its_type=MERGE, status__in=OPEN, **conditions)
