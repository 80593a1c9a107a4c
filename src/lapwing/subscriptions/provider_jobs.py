"""Asks for the jobs that tell providers of license changes, and says which of them wait for which.

A change waits for the one before it of its subscription that the provider does not have yet. What a later change made
pointless is not told at all: everything before a deactivation, and before an activation whatever would leave services
off and certainly had no effect yet, so that nobody who is on again is cut off once more. Only what is being told at
this moment has to end first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import CharField, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat, JSONObject

from lapwing.audit.actions.record import record
from lapwing.catalog.models import ProviderKind
from lapwing.core.sql import lock_in_key_order, text
from lapwing.jobs.actions.enqueue import enqueue_from
from lapwing.jobs.links import follow_many
from lapwing.jobs.models import ArchivedJob, Job, JobLink
from lapwing.jobs.outcomes import NotApplicable
from lapwing.jobs.states import LIVE, MET, Status
from lapwing.jobs.types import NORMAL
from lapwing.subscriptions.models import Event, LicenseChangeLog, Provisioning, Subscription

JOB_OF = {ProviderKind.AUTOMATIC: "sync_license_change_log", ProviderKind.MANUAL: "manual_provider_reminder"}
UNTOLD = (Provisioning.AWAITING, Provisioning.FAILED)
NAMED_AT_MOST = 100  # superseded changes in one audit entry


def change_key(change_id: int | str) -> str:
    """The deduplication key of the job that tells a change; also what the provider knows the change by."""
    return f"lcl {change_id}"


def change_key_of(column: str | OuterRef) -> Concat:
    """The same in a query; `column` is the key of the change."""
    return Concat(Value(change_key("")), Cast(column, CharField()), output_field=CharField())


def ask(changes: QuerySet[LicenseChangeLog], event: str, *, priority: int = NORMAL) -> None:
    """One job for each of these changes, all of one event and just written, whose provider has to be told."""
    for kind, job_type in JOB_OF.items():
        told = changes.filter(subscription__provider__kind=kind, provisioning_status=Provisioning.AWAITING)
        if enqueue_from(job_type, told, {**_COLUMNS, "priority": priority}):
            _put_in_order(told, event)


def hand_over(change: LicenseChangeLog) -> NotApplicable:
    """The provider is told in another way by now, by a person or by its system: a job of that type takes the change
    over from the one that finds this out, which ends so.
    """
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=change.subscription_id)
    LicenseChangeLog.objects.filter(pk=change.pk, provisioning_status=Provisioning.FAILED).update(
        provisioning_status=Provisioning.AWAITING
    )
    ask(LicenseChangeLog.objects.filter(pk=change.pk), change.event)
    provider = subscription.provider
    return NotApplicable("handed_over", f"provider {provider and provider.code} is told in another way now")


def jobs_of_run(run_id: int, subscription_ids: Iterable[int]) -> dict[int, int]:
    """By subscription, the number of the job that tells its provider what the run did."""
    changes = LicenseChangeLog.objects.filter(run_id=run_id, subscription__in=list(subscription_ids))
    found = {
        change_key(pk): (subscription, number)
        for pk, subscription, number in changes.values_list("pk", "subscription", "subscription__number")
    }
    wanted = {"subject__in": [number for _, number in found.values()], "deduplication_key__in": list(found)}
    return {
        found[key][0]: job
        for model in (ArchivedJob, Job)
        if found
        for key, job in model.objects.filter(**wanted).values_list("deduplication_key", "pk")
    }


_COLUMNS = {
    "subject_kind": text("subscription"),
    "subject_id": "subscription_id",
    "subject": "subscription__number",
    "lane": "subscription__provider__code",
    "parameters": JSONObject(license_change=F("pk")),
    "deduplication_key": change_key_of("pk"),
}


@dataclass(frozen=True)
class _Earlier:
    """A change that the provider does not have yet, beside the new one of its subscription."""

    new: int
    pk: int
    active: bool  # whether it leaves services on
    number: str  # of the subscription


def _put_in_order(told: QuerySet[LicenseChangeLog], event: str) -> None:
    """Most subscriptions have no earlier change that is untold; for the few, what becomes of it is decided here."""
    earlier = _untold_before(told)
    if not earlier:
        return
    jobs = _locked_jobs(earlier)
    pointless = {each.pk for each in earlier if _is_pointless(each, jobs.get(each.pk), event)}
    _supersede(pointless, event)
    last: dict[int, int] = {}
    for each in earlier:  # in the order of the changes: the last one that is left is waited for
        job = jobs.get(each.pk)
        if job and each.pk not in pointless and job.status not in MET:
            last[each.new] = job.pk
    pairs = [(first, jobs[new].pk) for new, first in last.items() if new in jobs]
    linked = set(
        JobLink.objects.filter(job_id__in=[job_id for _, job_id in pairs]).values_list("job_id", flat=True)
    )
    pairs = [
        (first, job_id) for first, job_id in pairs if job_id not in linked
    ]  # by another batch of the run
    follow_many(pairs, at_any_end=event == Event.DEACTIVATE)


def _untold_before(told: QuerySet[LicenseChangeLog]) -> list[_Earlier]:
    pairs = told.filter(
        subscription__license_changes__pk__lt=F("pk"),
        subscription__license_changes__provisioning_status__in=UNTOLD,
    ).order_by("subscription__license_changes__pk")
    earlier = "subscription__license_changes__"
    columns = ("pk", f"{earlier}pk", f"{earlier}active", "subscription__number")
    return [_Earlier(*row) for row in pairs.values_list(*columns)]


def _locked_jobs(earlier: list[_Earlier]) -> dict[int, Job]:
    """The newest job of each change; nobody begins or ends one of them until this transaction is over."""
    keys = [change_key(pk) for pk in sorted({pk for each in earlier for pk in (each.pk, each.new)})]
    of_them = {"subject__in": sorted({each.number for each in earlier}), "deduplication_key__in": keys}
    jobs = Job.objects.filter(type__in=JOB_OF.values(), **of_them)
    lock_in_key_order(jobs)
    return {job.parameters["license_change"]: job for job in jobs.order_by("pk")}


def _is_pointless(earlier: _Earlier, job: Job | None, event: str) -> bool:
    if job is not None and job.status in LIVE:
        return False
    if event == Event.DEACTIVATE:
        return True
    return event == Event.ACTIVATE and not earlier.active and job is not None and _had_no_effect(job)


def _had_no_effect(job: Job) -> bool:
    """It was never begun, or each try is known to have done nothing; a reminder that was mailed may have."""
    never_begun = job.status == Status.WAITING and job.attempt == 0
    return never_begun or (job.status == Status.RETRY and not job.doubtful)


def _supersede(changes: set[int], event: str) -> None:
    """Their jobs find nothing left to tell when they are taken."""
    if not changes:
        return
    LicenseChangeLog.objects.filter(pk__in=changes).update(
        provisioning_status=Provisioning.NOT_APPLICABLE,
        provisioning_code="superseded",
        provisioning_message=f"a later change ({event}) made it pointless",
    )
    record(
        "license_change.superseded",
        kind="license_change",
        subject_id=None,
        after={"by": str(event), "count": len(changes), "changes": sorted(changes)[:NAMED_AT_MOST]},
    )
