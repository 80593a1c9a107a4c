"""Takes a scheduled license change back before its day."""

from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.subscriptions.actions.schedule_change import Status, tell
from lapwing.subscriptions.models import ScheduledLicenseChangeLog
from lapwing.subscriptions.states import SCHEDULED_CHANGE


@transaction.atomic
def cancel_scheduled_change(scheduled_id: int, *, reason: str = "") -> ScheduledLicenseChangeLog:
    """Raises Refused `unknown_scheduled_change`, `not_pending`."""
    require(Permission.CHANGE_SUBSCRIPTIONS)
    found = ScheduledLicenseChangeLog.objects.select_for_update(of=("self",)).filter(pk=scheduled_id)
    scheduled = found.select_related("subscription").first()
    if scheduled is None:
        raise Refused("unknown_scheduled_change", f"there is no scheduled change {scheduled_id}")
    if "cancel" not in SCHEDULED_CHANGE.events(scheduled.status):
        raise Refused(
            "not_pending",
            f"scheduled change {scheduled_id} is {scheduled.status}; only a pending one is cancelled",
        )
    scheduled.status, scheduled.message = Status.CANCELLED, reason
    scheduled.save()
    tell(scheduled, "cancel_scheduled_change", reason)
    return scheduled
