"""License changes that providers do not have yet: how many, which, and the jobs that are to tell them."""

from collections.abc import Sequence

from django.db.models import Count, Q

from lapwing.jobs.models import Job
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning
from lapwing.subscriptions.provider_jobs import JOB_OF, UNTOLD, change_key

COUNTED_AT_MOST = 10_000


def open_counts() -> dict[int, dict[str, int]]:
    """How many changes wait (`awaiting`) or failed (`failed`), by key of the provider. Of each status so many are
    looked at; where a provider's number is above that, there are at least so many.
    """
    found: dict[int, dict[str, int]] = {}
    for status in UNTOLD:
        looked_at = LicenseChangeLog.objects.filter(provisioning_status=status).order_by()
        some = LicenseChangeLog.objects.filter(pk__in=looked_at.values("pk")[: COUNTED_AT_MOST + 1])
        by_provider = some.order_by().values_list("subscription__provider").annotate(Count("pk"))
        for provider_id, count in by_provider:
            found.setdefault(provider_id, {})[str(status)] = count
    return found


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


def failed_subscriptions(provider_id: int, limit: int) -> list[str]:
    """Numbers of the subscriptions of which a change failed at the provider; so many at most."""
    failed = LicenseChangeLog.objects.filter(
        subscription__provider=provider_id, provisioning_status=Provisioning.FAILED
    )
    numbers = failed.order_by("subscription").values_list("subscription__number", flat=True)
    return list(dict.fromkeys(numbers[:limit]))


def jobs_of(changes: Sequence[LicenseChangeLog]) -> dict[int, Job]:
    """The newest job of each change that is still in the ledger, by key of the change."""
    keys = [change_key(change.pk) for change in changes]
    numbers = {change.subscription.number for change in changes}
    jobs = Job.objects.filter(type__in=JOB_OF.values(), subject__in=numbers, deduplication_key__in=keys)
    return {job.parameters["license_change"]: job for job in jobs.order_by("pk")}
