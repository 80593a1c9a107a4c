"""Writes license changes in the transaction of the action that makes them."""

from datetime import date
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from lapwing.catalog.models import TOLD, Provider
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.sql import insert_select, insert_select_new, text
from lapwing.identity.queries import today
from lapwing.jobs.types import BULK
from lapwing.subscriptions.models import (
    Event,
    LicenseChangeLog,
    Provisioning,
    Subscription,
    SubscriptionAction,
)
from lapwing.subscriptions.provider_jobs import ask
from lapwing.subscriptions.states import SERVICES_ON


def log_change(
    subscription: Subscription,
    event: str,
    *,
    quantity_delta: int = 0,
    unit_price: Any = None,
    revision: int | None,
    source: str,
    run_id: int | None = None,
    effective_on: date | None = None,
) -> LicenseChangeLog:
    """One change of a locked subscription, as it is after it, with its job where somebody has to be told."""
    told = is_told(subscription) and source != "provider" and event != Event.PRICE
    change = LicenseChangeLog.objects.create(
        subscription=subscription,
        revision=revision,
        event=event,
        quantity_delta=quantity_delta,
        quantity=subscription.quantity,
        active=subscription.services_on,
        product=subscription.product,
        unit_price=unit_price,
        effective_on=effective_on or today(),
        source=source,
        run_id=run_id,
        provisioning_status=Provisioning.AWAITING if told else Provisioning.NOT_APPLICABLE,
        recorded_by=actor(),
        recorded_at=clock.now(),
    )
    if told:
        ask(LicenseChangeLog.objects.filter(pk=change.pk), event)
    return change


def is_told(subscription: Subscription) -> bool:
    """Whether somebody has to be told of its changes; where nobody has, services go on and off without one."""
    return subscription.provider is not None and subscription.provider.kind in TOLD


def log_changes(acted: QuerySet[SubscriptionAction], event: str, *, run_id: int, keys: Q) -> None:
    """The set-based twin: what a run did to the subscriptions in a range of keys, of which `acted` are the actions."""
    if not Provider.objects.filter(kind__in=TOLD).exists():
        return
    columns = {
        "subscription": "subscription_id",
        "revision": "revision",
        "event": text(event),
        "quantity_delta": 0,
        "quantity": "quantity",
        "active": event == Event.ACTIVATE,
        "product": "subscription__product_id",
        "effective_on": today(),
        "source": text("run"),
        "run_id": "run_id",
        "provisioning_status": text(Provisioning.AWAITING),
        "provisioning_code": text(""),
        "provisioning_message": text(""),
        "provider_reference": text(""),
        "billing_status": text("active"),
        "recorded_by": text(actor()),
        "recorded_at": clock.now(),
    }
    if not insert_select_new(LicenseChangeLog, columns, acted.filter(subscription__provider__kind__in=TOLD)):
        return
    ask(LicenseChangeLog.objects.filter(keys, run_id=run_id), event, priority=BULK)


def log_creations(subscriptions: QuerySet[Subscription], on: date) -> int:
    """The first change of each subscription that came from elsewhere, where its provider has it already."""
    columns = {
        "subscription": "pk",
        "revision": "revision",
        "event": text(Event.CREATE),
        "quantity_delta": "quantity",
        "quantity": "quantity",
        "active": Case(When(life_cycle_state__in=SERVICES_ON, then=Value(True)), default=Value(False)),
        "product": "product_id",
        "effective_on": on,
        "source": text("import"),
        "provisioning_status": text(Provisioning.NOT_APPLICABLE),
        "provisioning_code": text(""),
        "provisioning_message": text(""),
        "provider_reference": text(""),
        "billing_status": text("active"),
        "recorded_by": text(actor()),
        "recorded_at": clock.now(),
    }
    return insert_select(LicenseChangeLog, columns, subscriptions)


def services_event(before: str, after: str) -> str | None:
    """Whether a move between two states switches services on or off."""
    if (before in SERVICES_ON) == (after in SERVICES_ON):
        return None
    return Event.ACTIVATE if after in SERVICES_ON else Event.DEACTIVATE
