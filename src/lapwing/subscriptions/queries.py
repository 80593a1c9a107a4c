"""Reads of subscriptions, their effective terms and their history."""

from datetime import date

from django.db.models import Q, QuerySet

from lapwing.core.errors import Refused
from lapwing.subscriptions.models import BillingTerm, Subscription, SubscriptionAction


def subscription(number: str) -> Subscription:
    """Raises Refused `unknown_subscription`."""
    found = (
        Subscription.objects.select_related("account__customer", "subscription_type", "product", "provider")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise Refused("unknown_subscription", f"there is no subscription {number!r}")
    return found


def valid_on(day: date, prefix: str = "") -> Q:
    """The condition under which a billing term is the effective one."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_to__gte": day}) | Q(**{f"{prefix}valid_to__isnull": True})
    )


def effective_term(subscription_id: int, day: date) -> BillingTerm | None:
    return (
        BillingTerm.objects.select_related("scheme", "price_plan", "frequency", "binding_period")
        .filter(valid_on(day), subscription=subscription_id)
        .first()
    )


def actions_of_run(run_id: int) -> QuerySet[SubscriptionAction]:
    """What a run did set by set: the rows of the index `one_action_a_run`, without planned actions it executed."""
    return SubscriptionAction.objects.filter(run_id=run_id, scheduled_on__isnull=True)


def history(subscription_id: int) -> list[SubscriptionAction]:
    """Executed actions, the latest first."""
    actions = SubscriptionAction.objects.select_related("action_type", "sub_action_type")
    return list(actions.filter(subscription=subscription_id, state="executed").order_by("-revision"))
