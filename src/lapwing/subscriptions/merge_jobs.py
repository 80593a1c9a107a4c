"""Asks for the jobs that merge scheduled license changes, each when its day begins, and says which wait for which.

Two changes of one subscription keep their order: a merge waits for the open one that is due just before it.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat, JSONObject

from lapwing.core.sql import Unindexed, text
from lapwing.identity.queries import organisation
from lapwing.jobs.actions.enqueue import enqueue, enqueue_from
from lapwing.jobs.links import follow_many
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN, Status
from lapwing.subscriptions.models import ScheduledLicenseChangeLog

MERGE = "merge_scheduled_license_change_log"


def merge_key(scheduled_id: int | str) -> str:
    """The deduplication key of the job that merges it."""
    return f"scheduled change {scheduled_id}"


def merge_key_of(column: str | OuterRef) -> Concat:
    """The same in a query; `column` is the key of the scheduled change."""
    return Concat(Value(merge_key("")), Cast(column, CharField()), output_field=CharField())


def ask_for_merge(scheduled: ScheduledLicenseChangeLog) -> Job:
    """The job that merges it when its day begins in the organisation's zone; the one that there is already."""
    return enqueue(
        MERGE,
        subject_kind="subscription",
        subject_id=scheduled.subscription_id,
        subject=scheduled.subscription.number,
        parameters={"scheduled_change": scheduled.pk},
        key=merge_key(scheduled.pk),
        scheduled_for=_begins(scheduled.effective_on),
        after=_merge_before(scheduled),
        at_any_end=True,
    )


def ask_for_merges(changes: QuerySet[ScheduledLicenseChangeLog]) -> None:
    """The same for many, in a handful of statements; the caller holds these changes."""
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


def _merge_before(scheduled: ScheduledLicenseChangeLog) -> list[int]:
    due_before = _open_merges(
        subject=scheduled.subscription.number, scheduled_for__lte=_begins(scheduled.effective_on)
    )
    return list(due_before.order_by("-scheduled_for", "-pk").values_list("pk", flat=True)[:1])


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), organisation().zone)


def _beginning(days: Iterable[date]) -> Case:
    """When the day of a row begins: neither database knows it by itself as the other does."""
    instants = (
        When(effective_on=day, then=Value(_begins(day), output_field=DateTimeField())) for day in days
    )
    return Case(*instants, output_field=DateTimeField())


def _put_in_order(changes: QuerySet[ScheduledLicenseChangeLog]) -> None:
    """Each job that was just written waits for the one before it; nobody waits for it yet, so nobody in a circle."""
    subjects = changes.order_by().values("subscription__number")
    keys = changes.order_by().values(key=merge_key_of("pk"))
    written = _open_merges(subject__in=subjects, deduplication_key__in=keys).filter(
        status=Status.WAITING, attempt=0, blockers=0, has_followers=False
    )
    at_once = Q(scheduled_for=OuterRef("scheduled_for"), pk__lt=OuterRef("pk"))
    earlier = Q(scheduled_for__lt=OuterRef("scheduled_for")) | at_once
    before = _open_merges(subject=OuterRef("subject")).filter(earlier).order_by("-scheduled_for", "-pk")
    pairs = written.annotate(before=Subquery(before.values("pk")[:1])).filter(before__isnull=False)
    follow_many(list(pairs.values_list("before", "pk")), at_any_end=True)


def _open_merges(**conditions: Any) -> QuerySet[Job]:
    """Along the index of subjects, of which each has few jobs."""
    jobs = Job.objects.annotate(its_type=Unindexed(F("type")))
    return jobs.filter(its_type=MERGE, status__in=OPEN, **conditions)
