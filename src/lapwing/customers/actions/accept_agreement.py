"""Records that a customer accepted a provider's agreement; his account there is mapped with it."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.customers.models import ProviderAccount, ProviderAgreement


@transaction.atomic
def accept_agreement(agreement_id: int) -> ProviderAgreement:
    """Once; again changes nothing. A mapping that a person made stays; an identity that is
    another customer's already is left for a person to map."""
    locked = ProviderAgreement.objects.select_for_update(of=("self",)).select_related("customer", "provider")
    agreement = locked.get(pk=agreement_id)
    if agreement.accepted_at:
        return agreement
    agreement.accepted_at = clock.now()
    agreement.save()
    account, _ = ProviderAccount.objects.get_or_create(
        customer=agreement.customer, provider=agreement.provider
    )
    taken = ProviderAccount.objects.filter(provider=agreement.provider, identity=agreement.identity)
    if not account.is_mapped and not taken.exists():
        account.identity = agreement.identity
        account.save()
    record(
        "customer.accept_agreement",
        kind="customer",
        subject_id=agreement.customer_id,
        subject=agreement.customer.number,
        after={"provider": agreement.provider.code, "identity": agreement.identity},
    )
    return agreement
