"""Writes back what became of a license change at its provider."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.storable import storable
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning


@transaction.atomic
def record_provisioning(
    change_id: int, status: Provisioning, *, code: str = "", message: str = "", reference: str = ""
) -> LicenseChangeLog:
    """The provider's answer, once: a change that it has keeps its first answer."""
    change = LicenseChangeLog.objects.select_for_update().get(pk=change_id)
    before = change.provisioning_status
    if before == Provisioning.PROVISIONED:
        return change
    code, message, reference = storable(code), storable(message), storable(reference)
    change.provisioning_status = status
    change.provisioning_code, change.provisioning_message = code[:64], message[:2000]
    if status == Provisioning.PROVISIONED:
        change.provisioned_at, change.provider_reference = clock.now(), reference[:200]
    change.save()
    record(
        f"license_change.{status}",
        kind="subscription",
        subject_id=change.subscription_id,
        subject=change.subscription.number,
        before={"change": change_id, "status": before},
        after={"status": str(status), "code": code, "reference": reference},
        run_id=change.run_id,
    )
    return change
