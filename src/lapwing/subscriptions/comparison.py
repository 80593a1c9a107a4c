"""Our states beside the provider's: each difference, and whether a change that is under way explains it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from lapwing.connectors.errors import ConnectorError
from lapwing.connectors.orders import ServiceState
from lapwing.connectors.port import ProviderConnector
from lapwing.jobs.states import OPEN
from lapwing.subscriptions.models import (
    LicenseChangeLog,
    ProviderComparison,
    ProviderDifference,
    Provisioning,
    Subscription,
)
from lapwing.subscriptions.provider_queue import jobs_of

Answer = ServiceState | ConnectorError | None


def differences(provider_code: str, connector: ProviderConnector) -> Iterator[dict[str, Any]]:
    """One record a subscription that the provider has otherwise. Asks it once for each subscription, outside of any
    transaction. `waiting` is the open change that is to mend it, or ''; `under_way` says whether a job still tells it.
    """
    found = (
        Subscription.objects.filter(provider__code=provider_code).select_related("product").order_by("number")
    )
    for subscription in found.iterator():
        ours, theirs = (
            ours_of(subscription),
            in_words(answer_of(connector, subscription.number), subscription),
        )
        if ours != theirs:
            change = _open_change(subscription)
            yield {
                "subscription": subscription.number,
                "ours": ours,
                "theirs": theirs,
                "waiting": _told(change),
                "under_way": change is not None and _is_under_way(change),
            }


def ours_of(subscription: Subscription) -> str:
    return f"on, {subscription.quantity}" if subscription.services_on else "off"


def answer_of(connector: ProviderConnector, number: str) -> Answer:
    """What the provider has for the number, or why it did not say. Needs no database."""
    try:
        return connector.look(number)
    except ConnectorError as error:
        return error


def in_words(answer: Answer, subscription: Subscription) -> str:
    if isinstance(answer, ConnectorError):
        return f"no answer: {answer.code}"
    if answer is None or answer.active is False:
        return "off"
    if answer.active is None:
        return "does not tell"
    return f"on, {subscription.quantity if answer.quantity is None else answer.quantity}"


def waiting_of(subscription: Subscription) -> str:
    """The open change that is to mend a difference, or ''."""
    return _told(_open_change(subscription))


def _open_change(subscription: Subscription) -> LicenseChangeLog | None:
    open_changes = LicenseChangeLog.objects.filter(
        subscription=subscription, provisioning_status__in=[Provisioning.AWAITING, Provisioning.FAILED]
    )
    return open_changes.order_by("pk").first()


def _told(change: LicenseChangeLog | None) -> str:
    return f"change {change.pk} ({change.event}), {change.provisioning_status}" if change else ""


def _is_under_way(change: LicenseChangeLog) -> bool:
    """Not where it failed, or a person cancelled its job: then nothing happens by itself any more."""
    job = jobs_of([change]).get(change.pk)
    return change.provisioning_status == Provisioning.AWAITING and job is not None and job.status in OPEN


def keep(subscription: Subscription, answer: Answer, at: Any) -> None:
    """Writes the difference that there is at this moment, or takes away the one there was."""
    ours, theirs = ours_of(subscription), in_words(answer, subscription)
    if ours == theirs:
        ProviderDifference.objects.filter(subscription=subscription).delete()
        return
    found = {"ours": ours, "theirs": theirs, "waiting": waiting_of(subscription), "seen_at": at}
    ProviderDifference.objects.update_or_create(subscription=subscription, defaults=found)


def differences_at(provider_code: str, *, after: str = "", limit: int = 50) -> list[ProviderDifference]:
    """Those the latest comparison has found so far, by number of the subscription."""
    found = ProviderDifference.objects.filter(subscription__provider__code=provider_code)
    numbered = found.select_related("subscription").filter(subscription__number__gt=after)
    return list(numbered.order_by("subscription__number")[:limit])


def comparison_with(provider_id: int) -> ProviderComparison | None:
    return ProviderComparison.objects.filter(provider=provider_id).first()


def to_compare(comparison: ProviderComparison, limit: int) -> QuerySet[Subscription]:
    """The next subscriptions of the provider that it is to be asked about."""
    of = Subscription.objects.filter(provider=comparison.provider_id, number__gt=comparison.reached)
    return of.order_by("number")[:limit]
