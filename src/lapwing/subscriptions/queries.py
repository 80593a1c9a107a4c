"""Reads of subscriptions, their effective terms and their history."""

from datetime import date

from django.db.models import F, Q, QuerySet

from lapwing.core.errors import Refused
from lapwing.customers.models import Customer
from lapwing.receivables.models import Account
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


def deciding_action(subscription_id: int) -> SubscriptionAction | None:
    """The last executed action that changed the state."""
    actions = SubscriptionAction.objects.select_related("action_type", "sub_action_type")
    moved = actions.filter(subscription=subscription_id, state="executed").exclude(from_state=F("to_state"))
    return moved.order_by("-revision").first()


def search_subscriptions(
    text: str = "", *, state: str = "", subscription_type: str = "", after: str = "", limit: int = 50
) -> list[Subscription]:
    """Subscriptions by number. `text` is the beginning of a subscription's, an account's or a customer's number, or
    of a customer's name; `after` is the last number of the page before.
    """
    found = Subscription.objects.select_related("account__customer", "subscription_type", "product")
    if text:
        found = found.filter(begins("number", text) | Q(account__in=_accounts(text)))
    if state:
        found = found.filter(life_cycle_state=state)
    if subscription_type:
        found = found.filter(subscription_type__code=subscription_type)
    return list(found.filter(number__gt=after).order_by("number")[:limit])


MATCHES_AT_MOST = 200


def _accounts(text: str) -> list[int]:
    """Accounts whose number, or whose customer's number, begins with the text; so many at most. Names have no index:
    they are looked at only where no number begins so.
    """
    accounts = Account.objects.order_by().values_list("pk", flat=True)
    customers = Customer.objects.order_by().values_list("pk", flat=True)
    found = list(accounts.filter(begins("number", text))[:MATCHES_AT_MOST])
    of = list(customers.filter(begins("number", text))[:MATCHES_AT_MOST])
    if not found and not of and not Subscription.objects.filter(begins("number", text)).exists():
        of = list(customers.filter(name__istartswith=text)[:MATCHES_AT_MOST])
    return [*found, *accounts.filter(customer__in=of)[:MATCHES_AT_MOST]]


def begins(field: str, text: str) -> Q:
    """As typed, or in capitals: numbers are mostly written so, and their index is searched."""
    return Q(**{f"{field}__startswith": text}) | Q(**{f"{field}__startswith": text.upper()})
