"""Reads of subscriptions, their effective terms, their history and what is planned for them."""

from datetime import date

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from lapwing.catalog.models import PricePlan, Provider, SubscriptionType
from lapwing.core.errors import Refused
from lapwing.core.sql import first_of_either
from lapwing.customers.models import Customer
from lapwing.customers.queries import MATCHES_AT_MOST, begins, customers_by_text
from lapwing.identity.queries import today
from lapwing.receivables.models import Account
from lapwing.subscriptions.models import (
    BillingTerm,
    LicenseChangeLog,
    ScheduledLicenseChangeLog,
    Subscription,
    SubscriptionAction,
)
from lapwing.subscriptions.states import RARE


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
    text: str = "",
    *,
    state: str = "",
    subscription_type: str = "",
    price_plan: str = "",
    account: str = "",
    provider: str = "",
    provisioning: str = "",
    grace_from: date | None = None,
    grace_to: date | None = None,
    after: str = "",
    limit: int = 50,
) -> list[Subscription]:
    """Subscriptions by number. `text` is the beginning of a subscription's, an account's or a customer's number, or
    of a customer's name or e-mail; `price_plan` of today's term; `provisioning` (awaiting, failed) of any of its
    changes; the grace dates bound the end of an open grace period, both inclusive; `after` is the last number of the
    page before.
    """
    related = ("account__customer", "subscription_type", "product", "provider")
    found = Subscription.objects.select_related(*related).filter(_in_grace(grace_from, grace_to))
    if state:
        found = found.filter(_in_state(state))
    if subscription_type:
        found = found.filter(subscription_type=_key(SubscriptionType, code=subscription_type))
    if account:
        found = found.filter(account=_key(Account, number=account))
    if provider:
        found = found.filter(provider=_key(Provider, code=provider))
    if price_plan:
        terms = BillingTerm.objects.filter(valid_on(today()), price_plan=_key(PricePlan, code=price_plan))
        found = found.filter(Exists(terms.filter(subscription=OuterRef("pk"))))
    if provisioning:
        changes = LicenseChangeLog.objects.filter(provisioning_status=provisioning)
        found = found.filter(Exists(changes.filter(subscription=OuterRef("pk"))))
    found = found.filter(number__gt=after)
    if text:
        numbered = begins(Subscription, text)
        ways = [numbered, Q(account__in=_accounts(text, numbered))]
        return first_of_either(found, ways, "number", limit)
    return list(found.order_by("number")[:limit])


def _in_state(state: str) -> Q:
    """The state has no index, so that runs change it in place. Who is in a rare one came there by an action."""
    wanted = Q(life_cycle_state=state)
    if state in RARE:
        moved = SubscriptionAction.objects.filter(state="executed", to_state=state, to_state__in=RARE)
        wanted &= Q(pk__in=moved.values("subscription"))
    return wanted


def _in_grace(first: date | None, last: date | None) -> Q:
    wanted = Q(grace_open=True) if first or last else Q()
    if first:
        wanted &= Q(grace_end_on__gte=first)
    if last:
        wanted &= Q(grace_end_on__lte=last)
    return wanted


def _key(model: type[Model], **named: str) -> int:
    """Looked up first, so that the planner knows how common it is; 0, which nothing has, where nothing is called so."""
    return model.objects.filter(**named).values_list("pk", flat=True).first() or 0


def _accounts(text: str, numbered: Q) -> list[int]:
    """Accounts whose number, or whose customer, begins with the text; so many at most. Customers are found by name
    only where no number begins so.
    """
    accounts = Account.objects.order_by().values_list("pk", flat=True)
    found = list(accounts.filter(begins(Account, text))[:MATCHES_AT_MOST])
    if found or Subscription.objects.order_by().filter(numbered).exists():
        of = Customer.objects.order_by().filter(begins(Customer, text))
    else:
        of = customers_by_text(text)
    of_them = list(of.values_list("pk", flat=True)[:MATCHES_AT_MOST])
    return [*found, *accounts.filter(customer__in=of_them)[:MATCHES_AT_MOST]]


def planned_actions(subscription_id: int) -> list[SubscriptionAction]:
    """Actions that are still to come, the next one first."""
    planned = SubscriptionAction.objects.filter(subscription=subscription_id, state="scheduled")
    return list(planned.select_related("action_type").order_by("scheduled_on", "pk"))


def search_scheduled_changes(
    *, status: str = "", after: int = 0, limit: int = 50
) -> list[ScheduledLicenseChangeLog]:
    """Scheduled license changes in the order in which they were planned."""
    found = ScheduledLicenseChangeLog.objects.select_related("subscription__account__customer")
    if status:
        found = found.filter(status=status)
    return list(found.filter(pk__gt=after).order_by("pk")[:limit])
