"""Asks for a job that finds out whether a provider can be reached and lets us in."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.catalog.models import Provider
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.queries import newest_jobs
from lapwing.jobs.types import URGENT

CHECK = "check_provider"


@transaction.atomic
def check_provider(code: str) -> Job:
    """The one that is under way already, where there is one. Raises Refused `unknown_provider`, `no_connector`."""
    require(Permission.PROVISION)
    provider = connected(code)
    job = ask_provider(CHECK, provider)
    record("provider.check", kind="provider", subject_id=provider.pk, subject=code, after={"job": job.pk})
    return job


def connected(code: str) -> Provider:
    """Raises Refused `unknown_provider`, `no_connector`."""
    provider = provider_of(code)
    if not provider.connector:
        raise Refused("no_connector", f"provider {code} is {provider.kind}; it has no connector to ask")
    return provider


def ask_provider(job_type: str, provider: Provider) -> Job:
    """One open job of a type for each provider; it stands in no lane, so that changes do not wait for it."""
    return enqueue(
        job_type,
        subject_kind="provider",
        subject_id=provider.pk,
        subject=provider.code,
        key=f"provider {provider.pk}",
        parameters={"provider": provider.code},
        priority=URGENT,
    )


def last_check(code: str) -> Job | ArchivedJob | None:
    """The latest check: how it ended is its result code and text."""
    return next(iter(newest_jobs(job_type=CHECK, subject=code, limit=1)), None)
