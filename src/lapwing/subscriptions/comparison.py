"""Our states beside the provider's: each difference, and whether a change that is under way explains it."""

from collections.abc import Iterator
from typing import Any

from lapwing.connectors.errors import ConnectorError
from lapwing.connectors.orders import ServiceState
from lapwing.connectors.port import ProviderConnector
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning, Subscription


def differences(provider_code: str, connector: ProviderConnector) -> Iterator[dict[str, Any]]:
    """One record a subscription that the provider has otherwise. Asks it once for each subscription, outside of any
    transaction. `waiting` is the open change that is to mend it, or ''.
    """
    found = (
        Subscription.objects.filter(provider__code=provider_code).select_related("product").order_by("number")
    )
    for subscription in found.iterator():
        ours, theirs = _ours(subscription), _asked(connector, subscription)
        if ours != theirs:
            yield {
                "subscription": subscription.number,
                "ours": ours,
                "theirs": theirs,
                "waiting": _waiting(subscription),
            }


def _ours(subscription: Subscription) -> str:
    return f"on, {subscription.quantity}" if subscription.services_on else "off"


def _asked(connector: ProviderConnector, subscription: Subscription) -> str:
    try:
        return _theirs(connector.look(subscription.number), subscription)
    except ConnectorError as error:
        return f"no answer: {error.code}"


def _theirs(state: ServiceState | None, subscription: Subscription) -> str:
    if state is None or state.active is False:
        return "off"
    if state.active is None:
        return "does not tell"
    quantity = subscription.quantity if state.quantity is None else state.quantity
    return f"on, {quantity}"


def _waiting(subscription: Subscription) -> str:
    open_changes = LicenseChangeLog.objects.filter(
        subscription=subscription, provisioning_status__in=[Provisioning.AWAITING, Provisioning.FAILED]
    )
    change = open_changes.order_by("pk").first()
    return f"change {change.pk} ({change.event}), {change.provisioning_status}" if change else ""
