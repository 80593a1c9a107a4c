"""Takes a planned action back before its day."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.subscriptions.actions.perform import locked
from lapwing.subscriptions.models import SubscriptionAction
from lapwing.subscriptions.states import ACTION


@transaction.atomic
def cancel_planned(action_id: int, *, reason: str = "") -> SubscriptionAction:
    """Raises Refused `unknown_action`, `illegal_transition` once it is executed, rejected or cancelled."""
    require(Permission.CHANGE_SUBSCRIPTIONS)
    found = SubscriptionAction.objects.select_related("subscription").filter(pk=action_id).first()
    if found is None:
        raise Refused("unknown_action", f"there is no action {action_id}")
    locked(found.subscription.number)
    action = SubscriptionAction.objects.select_for_update().get(pk=action_id)
    action.state = ACTION.target(action.state, "cancel", str(action_id))
    action.rejection = reason
    action.save(update_fields=["state", "rejection"])
    record(
        "subscription.cancel_action",
        kind="subscription",
        subject_id=found.subscription_id,
        subject=found.subscription.number,
        reason=reason,
        before={"action": action_id, "behaviour": action.behaviour},
    )
    return action
