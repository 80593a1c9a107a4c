"""Flags a subscription as one that no run may ever disconnect, with the reason, and takes the flag off."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.subscriptions.actions.perform import locked
from lapwing.subscriptions.models import Subscription


@transaction.atomic
def protect(number: str, *, reason: str) -> Subscription:
    """Medical need, an emergency line, a court. Raises Refused `reason_missing`."""
    if not reason.strip():
        raise Refused("reason_missing", f"say why subscription {number} must never be cut off: --reason TEXT")
    return _flag(number, protected=True, reason=reason)


@transaction.atomic
def unprotect(number: str) -> Subscription:
    return _flag(number, protected=False, reason="")


def _flag(number: str, *, protected: bool, reason: str) -> Subscription:
    require(Permission.CHANGE_SUBSCRIPTIONS)
    subscription = locked(number)
    if (subscription.never_disconnect, subscription.never_disconnect_reason) != (protected, reason):
        record(
            "subscription.protect" if protected else "subscription.unprotect",
            kind="subscription",
            subject_id=subscription.pk,
            subject=number,
            reason=reason,
            before={"never_disconnect": subscription.never_disconnect},
            after={"never_disconnect": protected},
        )
        subscription.never_disconnect = protected
        subscription.never_disconnect_reason = reason
        subscription.save(update_fields=["never_disconnect", "never_disconnect_reason"])
    return subscription
