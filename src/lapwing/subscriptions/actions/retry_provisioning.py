"""Runs the failed provider jobs of a subscription again, in the order of its license changes."""

from django.db import transaction

from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import BROKEN
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning
from lapwing.subscriptions.provider_jobs import JOB_OF, change_key
from lapwing.subscriptions.queries import subscription as find


@transaction.atomic
def retry_provisioning(number: str) -> list[Job]:
    """The later ones wait for the earlier ones as before. Returns the jobs that run again."""
    require(Permission.CHANGE_SUBSCRIPTIONS)
    subscription = find(number)
    failed = LicenseChangeLog.objects.filter(
        subscription=subscription, provisioning_status__in=[Provisioning.FAILED, Provisioning.AWAITING]
    )
    keys = [change_key(pk) for pk in failed.order_by("pk").values_list("pk", flat=True)]
    jobs = Job.objects.filter(
        type__in=JOB_OF.values(), subject=number, deduplication_key__in=keys, status__in=BROKEN
    )
    latest = {job.deduplication_key: job.pk for job in jobs.order_by("pk")}
    return run_now(sorted(latest.values())) if latest else []
