"""Runs the failed jobs of all subscriptions of a provider again, each subscription's in the order of its changes."""

from django.db import transaction

from lapwing.catalog.actions.set_provider import provider_of
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.models import Job
from lapwing.subscriptions.actions.retry_provisioning import retry_provisioning
from lapwing.subscriptions.provider_queue import failed_subscriptions

SUBSCRIPTIONS_AT_ONCE = 200


@transaction.atomic
def retry_provider(code: str) -> list[Job]:
    """So many subscriptions at once, the next ones when it is asked again; returns the jobs that run again.
    Raises Refused `unknown_provider`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    numbers = list(failed_subscriptions(provider_of(code).pk)[:SUBSCRIPTIONS_AT_ONCE])
    return [job for number in numbers for job in retry_provisioning(number)]
