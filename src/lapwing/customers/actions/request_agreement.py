"""Asks a customer to accept a provider's agreement, and a job to find out when he has."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.connectors.port import connectors
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.customers.models import Customer, ProviderAgreement
from lapwing.customers.queries import customer as find
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.enqueue import enqueue

CONFIRM = "confirm_provider_agreement"


@transaction.atomic
def request_agreement(
    customer_number: str, provider_code: str, identity: str, *, partner_email: str = ""
) -> ProviderAgreement:
    """Once per customer and provider; again returns the first. Raises Refused `unknown_customer`,
    `unknown_provider`, `no_agreements`, `identity_missing`.
    """
    require(Permission.PROVISION)
    provider = provider_of(provider_code)
    customer = Customer.objects.select_for_update().get(pk=find(customer_number).pk)
    if not provider.connector or not connectors.get(provider.connector).knows_agreements:
        raise Refused(
            "no_agreements", f"provider {provider_code} cannot tell whether an agreement was accepted"
        )
    if not identity.strip():
        raise Refused("identity_missing", f"customer {customer_number} needs an identity at {provider_code}")
    if found := ProviderAgreement.objects.filter(customer=customer, provider=provider).first():
        return found
    agreement = ProviderAgreement.objects.create(
        customer=customer,
        provider=provider,
        identity=identity,
        partner_email=partner_email,
        requested_at=clock.now(),
    )
    enqueue(
        CONFIRM,
        subject_kind="customer",
        subject_id=customer.pk,
        subject=customer.number,
        parameters={"agreement": agreement.pk},
        key=f"agreement {agreement.pk}",
        lane=provider.code,
    )
    record(
        "customer.request_agreement",
        kind="customer",
        subject_id=customer.pk,
        subject=customer.number,
        after={"provider": provider_code, "identity": identity},
    )
    return agreement
