"""Writes back what became of a license change at its provider."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.subscriptions.models import Event, LicenseChangeLog, Provisioning


@transaction.atomic
def record_provisioning(
    change_id: int, status: Provisioning, *, code: str = "", message: str = "", reference: str = ""
) -> LicenseChangeLog:
    """The provider's answer, once: a change that it has keeps its first answer. A deactivation that it has supersedes
    the changes before it that had failed.
    """
    change = LicenseChangeLog.objects.select_for_update().get(pk=change_id)
    before = change.provisioning_status
    if before == Provisioning.PROVISIONED:
        return change
    change.provisioning_status = status
    change.provisioning_code, change.provisioning_message = code[:64], message[:2000]
    if status == Provisioning.PROVISIONED:
        change.provisioned_at, change.provider_reference = clock.now(), reference[:200]
    change.save()
    if status == Provisioning.PROVISIONED and change.event == Event.DEACTIVATE:
        supersede_before(change)
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


def supersede_before(change: LicenseChangeLog) -> None:
    """What failed before a deactivation is not told any more."""
    earlier = LicenseChangeLog.objects.filter(
        subscription=change.subscription_id, pk__lt=change.pk, provisioning_status=Provisioning.FAILED
    )
    earlier.update(
        provisioning_status=Provisioning.NOT_APPLICABLE,
        provisioning_code="superseded",
        provisioning_message=f"license change {change.pk} deactivated the service",
    )
