"""Whether a subscription was switched on or off since a scheduled change of it failed: that is not repeated."""

from django.db.models import Q

from lapwing.core.errors import Refused
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, SubscriptionAction
from lapwing.subscriptions.states import SERVICES_ON

Change = ScheduledLicenseChangeLog.Change
WERE_ON, ARE_ON = Q(from_state__in=SERVICES_ON), Q(to_state__in=SERVICES_ON)
MOVES_SERVICES = (WERE_ON & ~ARE_ON) | (~WERE_ON & ARE_ON)


def refuse_overtaken(scheduled: ScheduledLicenseChangeLog) -> None:
    """What switches services on or off is not done again over a later move of the same subscription: one of a day after
    the change's own, or one after its merge failed, on whatever day. The subscription is locked. Raises Refused
    `overtaken`.
    """
    if scheduled.change not in (Change.ACTIVATE, Change.DEACTIVATE):
        return
    later = Q(executed_on__gt=scheduled.effective_on)
    if scheduled.failed_revision is not None:
        later |= Q(revision__gt=scheduled.failed_revision)
    moves = SubscriptionAction.objects.filter(
        later, MOVES_SERVICES, subscription=scheduled.subscription_id, state="executed"
    )
    if found := moves.order_by("-revision").first():
        number = scheduled.subscription.number
        raise Refused(
            "overtaken",
            f"{number} was moved since ({found.behaviour.replace('_', ' ')} on {found.executed_on}); "
            "plan another change instead",
        )
