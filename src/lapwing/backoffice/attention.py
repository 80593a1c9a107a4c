"""What needs a person now: each with how many there are, counted no further than 10,000, and where to see them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lapwing.core.sql import capped_count
from lapwing.customers.models import ProviderAccount
from lapwing.figures.queries import failing_connectors
from lapwing.jobs.queries import capped_counts
from lapwing.jobs.states import NEEDS_PERSON, Status
from lapwing.runs.models import Run
from lapwing.runs.states import RunState
from lapwing.subscriptions.models import ScheduledLicenseChangeLog


@dataclass(frozen=True)
class Matter:
    label: str | Promise
    next_step: str | Promise
    count: int
    url: str
    tone: str


def _runs(state: RunState) -> Callable[[], int]:
    return lambda: capped_count(Run.objects.filter(state=state))


def _failed_jobs(code: str = "") -> int:
    """Of the ledger alone: what is archived cannot be run again."""
    failed = str(Status.FAILED)
    return capped_counts(statuses=[failed], tables=["jobs_job"], code=code).get(failed, 0)


def _unclear_jobs() -> int:
    return _failed_jobs(NEEDS_PERSON)


def _failed_merges() -> int:
    return capped_count(ScheduledLicenseChangeLog.objects.filter(status="merge_failed"))


def _failing_connectors() -> int:
    return len(failing_connectors())


def _unmapped() -> int:
    return capped_count(ProviderAccount.objects.filter(identity=""))


ROWS: tuple[tuple[str | Promise, str | Promise, Callable[[], int], str, str, str], ...] = (
    (_("Runs awaiting approval"), _("look at the list, then approve or cancel"), _runs(RunState.AWAITING_APPROVAL),
     "runs", "state=awaiting_approval", "attention"),
    (_("Paused runs"), _("read why, then resume, approve or cancel"), _runs(RunState.PAUSED),
     "runs", "state=paused", "attention"),
    (_("Failed runs"), _("mend the cause, then resume"), _runs(RunState.FAILED), "runs", "state=failed", "bad"),
    (_("Failed jobs"), _("mend the cause and run again, or cancel"), _failed_jobs, "job_causes", "", "bad"),
    (_("Jobs whose outcome nobody knows"), _("ask the other system, then say what became of it"), _unclear_jobs,
     "jobs", f"status=failed&code={NEEDS_PERSON}", "bad"),
    (_("Failed merges of scheduled changes"), _("mend the cause, then retry"), _failed_merges,
     "scheduled_changes", "status=merge_failed", "bad"),
    (_("Provider accounts to map"), _("say who each customer is there"), _unmapped,
     "provider_accounts", "state=proposed", "attention"),
    (_("Connectors whose check fails"), _("look whether the provider lives and lets us in"), _failing_connectors,
     "providers", "", "bad"),
)  # fmt: skip


def matters(silent: int) -> list[Matter]:
    """The worst first is the order of the table; what there is none of is left out."""
    found = [
        Matter(label, step, count(), f"{reverse(name)}?{query}".rstrip("?"), tone)
        for label, step, count, name, query, tone in ROWS
    ]
    late = Matter(
        _("Silent jobs"), _("see whether workers live"), silent, f"{reverse('jobs')}?silent=yes", "bad"
    )
    return [matter for matter in (*found, late) if matter.count]
