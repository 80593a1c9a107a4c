"""Merges a scheduled license change when its day has come."""

from datetime import datetime, time

from lapwing.identity.queries import organisation, today
from lapwing.jobs.outcomes import Failed, Later, NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types
from lapwing.subscriptions.actions.merge_change import merge_change
from lapwing.subscriptions.actions.schedule_change import Status
from lapwing.subscriptions.merge_jobs import MERGE
from lapwing.subscriptions.models import ScheduledLicenseChangeLog


class MergeParameters(Parameters):
    scheduled_change: int


class MergeScheduledLicenseChangeLog(DatabaseType):
    """Not applicable when it was cancelled meanwhile; a change that the rules refuse is marked `merge_failed`."""

    name = MERGE
    label = "Merge a scheduled license change"
    Parameters = MergeParameters

    def perform(self, job: HeldJob) -> Outcome | None:
        scheduled = ScheduledLicenseChangeLog.objects.get(pk=job.parameters["scheduled_change"])
        if scheduled.effective_on > today():
            begins = datetime.combine(scheduled.effective_on, time(), organisation().zone)
            return Later(begins, "not_yet", f"it takes effect on {scheduled.effective_on}")
        if scheduled.status != Status.PENDING:
            return NotApplicable(f"already_{scheduled.status}", f"the scheduled change is {scheduled.status}")
        merged = merge_change(scheduled.pk)
        if merged.status == Status.MERGE_FAILED:
            return Failed("merge_failed", merged.message)
        return Succeeded(f"{merged.change} {merged.value}".strip())


job_types.register(MergeScheduledLicenseChangeLog())
