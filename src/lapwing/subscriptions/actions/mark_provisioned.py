"""A person says that a change is done at its provider, by hand; the changes that wait for it go on."""

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import LIVE, MET
from lapwing.subscriptions.actions.record_provisioning import record_provisioning
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning
from lapwing.subscriptions.provider_jobs import JOB_OF, UNTOLD, change_key


@transaction.atomic
def mark_provisioned(change_id: int, *, reference: str = "") -> LicenseChangeLog:
    """Raises Refused `unknown_license_change`, `not_awaiting`."""
    require(Permission.PROVISION)
    change = LicenseChangeLog.objects.select_for_update().filter(pk=change_id).first()
    if change is None:
        raise Refused("unknown_license_change", f"there is no license change {change_id}")
    if change.provisioning_status not in UNTOLD:
        raise Refused(
            "not_awaiting",
            f"license change {change_id} is {change.provisioning_status}, expected awaiting or failed",
        )
    change = record_provisioning(change_id, Provisioning.PROVISIONED, code="by_person", reference=reference)
    jobs = Job.objects.filter(
        type__in=JOB_OF.values(), subject=change.subscription.number, deduplication_key=change_key(change_id)
    )
    told = jobs.exclude(status__in=(*LIVE, *MET)).order_by("-pk").values_list("pk", flat=True)[:1]
    run_now(told)  # it finds nothing left to tell, and releases those that come after it
    return change
