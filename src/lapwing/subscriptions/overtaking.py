"""Whether a subscription went on in the same matter since a scheduled change of it failed: it is not repeated then."""

from django.db.models import Q

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.errors import Refused
from lapwing.subscriptions.models import (
    Event,
    LicenseChangeLog,
    ScheduledLicenseChangeLog,
    SubscriptionAction,
)
from lapwing.subscriptions.states import SERVICES_ON

Change = ScheduledLicenseChangeLog.Change
WERE_ON, ARE_ON = Q(from_state__in=SERVICES_ON), Q(to_state__in=SERVICES_ON)
MOVES_SERVICES = (WERE_ON & ~ARE_ON) | (~WERE_ON & ARE_ON)


def refuse_overtaken(scheduled: ScheduledLicenseChangeLog) -> None:
    """What switches services on or off, and a quantity or price, is not done again over a later one of its kind. The
    subscription is locked. Raises Refused `overtaken`.
    """
    if found := _OVERTAKEN_BY[Change(scheduled.change)](scheduled):
        raise Refused(
            "overtaken",
            f"{scheduled.subscription.number} was changed since ({found}); plan another change instead",
        )


def _later_move(scheduled: ScheduledLicenseChangeLog) -> str:
    """One of a day after the change's own, or one after its merge failed, on whatever day."""
    later = Q(executed_on__gt=scheduled.effective_on)
    return _action(scheduled, MOVES_SERVICES & (later | _since_it_failed(scheduled)))


def _later_quantity(scheduled: ScheduledLicenseChangeLog) -> str:
    """One after its merge failed; a merge that came late carries its own day, not that of its change."""
    return _action(scheduled, Q(behaviour=Behaviour.CHANGE_QUANTITY) & _since_it_failed(scheduled))


def _later_price(scheduled: ScheduledLicenseChangeLog) -> str:
    """One that holds from a later day."""
    prices = LicenseChangeLog.objects.filter(
        subscription=scheduled.subscription_id, event=Event.PRICE, effective_on__gt=scheduled.effective_on
    )
    found = prices.order_by("-pk").first()
    return f"price from {found.effective_on}" if found else ""


def _since_it_failed(scheduled: ScheduledLicenseChangeLog) -> Q:
    if scheduled.failed_revision is None:
        return Q(pk__in=())
    return Q(revision__gt=scheduled.failed_revision)


def _action(scheduled: ScheduledLicenseChangeLog, which: Q) -> str:
    actions = SubscriptionAction.objects.filter(
        which, subscription=scheduled.subscription_id, state="executed"
    )
    found = actions.order_by("-revision").first()
    return f"{found.behaviour.replace('_', ' ')} on {found.executed_on}" if found else ""


_OVERTAKEN_BY = {
    Change.ACTIVATE: _later_move,
    Change.DEACTIVATE: _later_move,
    Change.QUANTITY: _later_quantity,
    Change.PRICE: _later_price,
}
