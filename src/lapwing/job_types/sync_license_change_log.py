"""Tells an automatic provider of one license change, in the order of the changes of its subscription."""

from dataclasses import dataclass
from datetime import timedelta

from lapwing.catalog.models import Provider, ProviderKind
from lapwing.catalog.provider_calls import Line, line_to, outcome_of_call
from lapwing.connectors.orders import Event as OrderEvent
from lapwing.connectors.orders import Outcome as Ended
from lapwing.connectors.orders import Receipt, ServiceOrder, as_ordered
from lapwing.connectors.port import connectors
from lapwing.core import clock
from lapwing.customers.models import Customer, ProviderAccount, ProviderAgreement
from lapwing.jobs.outcomes import Failed, Later, NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from lapwing.subscriptions.actions.record_provisioning import record_provisioning
from lapwing.subscriptions.models import Event, LicenseChangeLog, Provisioning, Subscription
from lapwing.subscriptions.provider_jobs import change_key, hand_over

ASK_AGAIN = timedelta(hours=1)


class SyncParameters(Parameters):
    license_change: int


@dataclass(frozen=True)
class Intent:
    """What is ordered, and where."""

    order: ServiceOrder
    line: Line


class SyncLicenseChangeLog(OutsideType):
    """The order says what the service is to be, and carries the change's number: repeating it does nothing."""

    name = "sync_license_change_log"
    label = "Tell the provider of a license change"
    Parameters = SyncParameters
    time_limit_s = 90  # above what a connector may take
    keeps_broken = True

    def prepare(self, job: HeldJob) -> Intent | Outcome:
        change = _locked(job.parameters["license_change"])
        provider = change.subscription.provider
        if provisioned := _provisioned(change):
            return provisioned
        if change.provisioning_status == Provisioning.NOT_APPLICABLE:
            return NotApplicable(change.provisioning_code or "not_needed", change.provisioning_message)
        if superseded := _superseded(change):
            return superseded
        if provider is not None and provider.kind == ProviderKind.MANUAL:
            return hand_over(change)
        if provider is None or provider.kind != ProviderKind.AUTOMATIC:
            return _not_applicable(change, "no_automatic_provider", "the provider is not automatic any more")
        if not connectors.get(provider.connector).needs_provisioning:
            return _not_applicable(change, "not_needed", "the provider needs nothing")
        if change.event != Event.DEACTIVATE and (blocked := _blocked(change, provider)):
            return blocked
        if change.provisioning_status == Provisioning.FAILED:
            record_provisioning(change.pk, Provisioning.AWAITING)
        return Intent(_order(change, provider), line_to(provider))

    def call(self, job: HeldJob, intent: Intent, deadline: float) -> Receipt:
        with intent.line.open() as connector:
            return connector.bring(intent.order, deadline=deadline)

    def settle(self, job: HeldJob, intent: Intent, answer: Receipt) -> Outcome:
        change_id = job.parameters["license_change"]
        if unknown := _unknown_order(change_id, intent.order, answer):
            return unknown
        record_provisioning(
            change_id, Provisioning.PROVISIONED, code=str(answer.outcome), reference=answer.reference
        )
        return Succeeded(str(answer.outcome).replace("_", " "), str(answer.outcome))

    def settle_failure(self, job: HeldJob, intent: Intent, error: Exception) -> Outcome:
        change = _locked(job.parameters["license_change"])
        return _provisioned(change) or _superseded(change) or outcome_of_call(error)

    def on_failed(self, job: HeldJob, code: str, text: str) -> None:
        record_provisioning(job.parameters["license_change"], Provisioning.FAILED, code=code, message=text)


def _locked(change_id: int) -> LicenseChangeLog:
    """The change, while nobody writes a later one of its subscription: who does sees how this attempt ended."""
    changes = LicenseChangeLog.objects.filter(pk=change_id)
    Subscription.objects.select_for_update(no_key=True).get(pk__in=changes.values("subscription"))
    related = changes.select_related("subscription__provider", "subscription__account__customer", "product")
    return related.select_for_update(of=("self",)).get()


def _provisioned(change: LicenseChangeLog) -> Outcome | None:
    """Somebody may have done it by hand while it was told."""
    if change.provisioning_status != Provisioning.PROVISIONED:
        return None
    return NotApplicable("already_provisioned", f"provisioned at {change.provisioned_at}")


def _unknown_order(change_id: int, order: ServiceOrder, answer: Receipt) -> Outcome | None:
    """The provider names an order newer than this one that we never gave, so it takes none of ours any more: the number
    is somebody else's, or of before a backup was restored here.
    """
    if answer.outcome is not Ended.SUPERSEDED or as_ordered(order, answer.state):
        return None
    later = LicenseChangeLog.objects.filter(subscription__number=order.service, pk__gt=change_id)
    if (later.filter(pk=answer.state.revision) if answer.state else later).exists():
        return None
    named = f"order {answer.state.revision}" if answer.state else "a newer order"
    return Failed(
        "provider_unknown_order",
        f"the provider has {named} of service {order.service}, expected none newer than {order.revision}: it is none "
        "of ours, and nothing was sent; correct the number of the last order there",
    )


def _superseded(change: LicenseChangeLog) -> Outcome | None:
    """A deactivation that came while this change was being told makes it pointless."""
    if change.event == Event.DEACTIVATE:
        return None
    later = LicenseChangeLog.objects.filter(
        subscription=change.subscription_id, pk__gt=change.pk, event=Event.DEACTIVATE
    )
    if found := later.order_by("pk").first():
        return _not_applicable(change, "superseded", f"license change {found.pk} deactivates the service")
    return None


def _not_applicable(change: LicenseChangeLog, code: str, text: str) -> Outcome:
    record_provisioning(change.pk, Provisioning.NOT_APPLICABLE, code=code, message=text)
    return NotApplicable(code, text)


def _blocked(change: LicenseChangeLog, provider: Provider) -> Later | None:
    """What keeps a service from being switched on or changed; nothing keeps it from being switched off."""
    customer: Customer = change.subscription.account.customer
    again = clock.now() + ASK_AGAIN
    if customer.credit_hold:
        return Later(again, "credit_hold", f"customer {customer.number} is on credit hold")
    if ProviderAgreement.objects.filter(customer=customer, provider=provider, accepted_at=None).exists():
        text = f"customer {customer.number} has not accepted the agreement of {provider.code} yet"
        return Later(again, "agreement_not_accepted", text)
    if provider.needs_account and not _identity(customer, provider):
        ProviderAccount.objects.get_or_create(customer=customer, provider=provider)
        text = f"customer {customer.number} has no identity at {provider.code}: map the proposed account"
        return Later(again, "account_not_mapped", text)
    return None


def _identity(customer: Customer, provider: Provider) -> str:
    found = ProviderAccount.objects.filter(customer=customer, provider=provider)
    return found.values_list("identity", flat=True).first() or ""


def _order(change: LicenseChangeLog, provider: Provider) -> ServiceOrder:
    customer = change.subscription.account.customer
    return ServiceOrder(
        key=change_key(change.pk),
        service=change.subscription.number,
        revision=change.pk,
        event=OrderEvent(change.event),
        active=change.active,
        quantity=change.quantity,
        product=change.product.code if change.product else "",
        identity=_identity(customer, provider),
        name=customer.name,
        email=customer.email,
    )


job_types.register(SyncLicenseChangeLog())
