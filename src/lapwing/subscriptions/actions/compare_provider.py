"""Asks for a job that compares our states with those of a provider, subscription by subscription."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.actions.check_provider import ask_provider, connected
from lapwing.connectors.port import connectors
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.enqueue import holder_of
from lapwing.jobs.models import Job
from lapwing.subscriptions.models import ProviderComparison

COMPARE = "compare_provider"


@transaction.atomic
def compare_provider(code: str) -> Job:
    """From the first subscription on; the job that is at it already, where there is one. Raises Refused
    `unknown_provider`, `no_connector`, `cannot_tell`.
    """
    require(Permission.PROVISION)
    provider = connected(code)
    if not connectors.get(provider.connector).can_tell_state:
        raise Refused(
            "cannot_tell", f"provider {code} cannot tell the state of a service; nothing to compare"
        )
    if job := holder_of(COMPARE, f"provider {provider.pk}"):
        return job
    begun = {"started_at": clock.now(), "ended_at": None, "reached": "", "asked": 0}
    ProviderComparison.objects.update_or_create(provider=provider, defaults=begun)
    job = ask_provider(COMPARE, provider)
    record("provider.compare", kind="provider", subject_id=provider.pk, subject=code, after={"job": job.pk})
    return job
