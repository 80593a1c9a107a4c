"""A person says that a change at a manual provider is done."""

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.subscriptions.actions.record_provisioning import record_provisioning
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning


@transaction.atomic
def mark_provisioned(change_id: int, *, reference: str = "") -> LicenseChangeLog:
    """Raises Refused `unknown_license_change`, `not_awaiting`."""
    require(Permission.PROVISION)
    change = LicenseChangeLog.objects.select_for_update().filter(pk=change_id).first()
    if change is None:
        raise Refused("unknown_license_change", f"there is no license change {change_id}")
    if change.provisioning_status not in (Provisioning.AWAITING, Provisioning.FAILED):
        raise Refused(
            "not_awaiting",
            f"license change {change_id} is {change.provisioning_status}, expected awaiting or failed",
        )
    return record_provisioning(change_id, Provisioning.PROVISIONED, code="by_person", reference=reference)
