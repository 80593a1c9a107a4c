"""License changes that providers do not have yet: how many, which, and the jobs that are to tell them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from lapwing.core.sql import Unindexed
from lapwing.jobs.models import Job
from lapwing.jobs.states import Status
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning, Subscription
from lapwing.subscriptions.provider_jobs import JOB_OF, UNTOLD, change_key, change_key_of

COUNTED_AT_MOST = 2_000


@dataclass(frozen=True)
class OpenCounts:
    """How many changes wait or failed, by key of the provider and status; of the statuses in `more` there are more
    than were counted.
    """

    counts: dict[int, dict[str, int]]
    more: frozenset[str]

    def of(self, provider_id: int) -> dict[str, str]:
        """In words: 12, or 12+ where not all were counted."""
        found = self.counts.get(provider_id, {})
        return {str(each): f"{found.get(each, 0):,}" + "+" * (each in self.more) for each in UNTOLD}


def open_counts() -> OpenCounts:
    """Of each status no more are looked at than a person cares to read."""
    counts: dict[int, dict[str, int]] = {}
    more = set()
    for status in map(str, UNTOLD):
        changes = LicenseChangeLog.objects.filter(provisioning_status=status).order_by("subscription", "pk")
        of = Counter(changes.values_list("subscription_id", flat=True)[: COUNTED_AT_MOST + 1])
        if of.total() > COUNTED_AT_MOST:
            more.add(status)
        known = Subscription.objects.order_by().filter(pk__in=of).values_list("pk", "provider_id")
        for subscription_id, provider_id in known:
            by_status = counts.setdefault(provider_id, {})
            by_status[status] = by_status.get(status, 0) + of[subscription_id]
    return OpenCounts(counts, frozenset(more))


def open_changes(
    provider_id: int, *, status: str = "", after: tuple[int, int] = (0, 0), limit: int = 50
) -> list[LicenseChangeLog]:
    """Changes that the provider does not have, subscription by subscription in their order; `after` is the key of the
    last subscription and of its change on the page before.
    """
    statuses = [status] if status else list(UNTOLD)
    subscription, change = after
    following = Q(subscription__gt=subscription) | Q(subscription=subscription, pk__gt=change)
    found = LicenseChangeLog.objects.filter(
        following,
        subscription__gte=subscription,
        subscription__provider=provider_id,
        provisioning_status__in=statuses,
    )
    related = found.select_related("subscription__account__customer", "product")
    return list(related.order_by("subscription", "pk")[:limit])


def failed_subscriptions(provider_id: int) -> QuerySet[LicenseChangeLog]:
    """Numbers of the subscriptions of which a change failed at the provider, and its job with it: what runs again
    already, or was cancelled, is not among them.
    """
    failed_job = Job.objects.annotate(its_type=Unindexed(F("type"))).filter(
        subject=OuterRef("subscription__number"),
        deduplication_key=change_key_of(OuterRef("pk")),
        its_type__in=JOB_OF.values(),
        status=Status.FAILED,
    )
    at_providers = LicenseChangeLog.objects.annotate(provider=Unindexed(F("subscription__provider")))
    failed = at_providers.filter(
        Exists(failed_job), provider=provider_id, provisioning_status=Provisioning.FAILED
    )
    return failed.order_by("subscription").values_list("subscription__number", flat=True).distinct()


def jobs_of(changes: Sequence[LicenseChangeLog]) -> dict[int, Job]:
    """The newest job of each change that is still in the ledger, by key of the change."""
    keys = [change_key(change.pk) for change in changes]
    numbers = {change.subscription.number for change in changes}
    jobs = Job.objects.filter(type__in=JOB_OF.values(), subject__in=numbers, deduplication_key__in=keys)
    return {job.parameters["license_change"]: job for job in jobs.order_by("pk")}
