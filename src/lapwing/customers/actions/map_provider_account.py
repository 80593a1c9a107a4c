"""Says who a customer is at a provider; what waits for that is asked again within the hour."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.core.errors import Refused
from lapwing.customers.models import Customer, ProviderAccount
from lapwing.customers.queries import customer as find
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


@transaction.atomic
def map_provider_account(customer_number: str, provider_code: str, identity: str) -> ProviderAccount:
    """Raises Refused `unknown_customer`, `unknown_provider`, `identity_missing`, `identity_taken`."""
    require(Permission.PROVISION)
    provider = provider_of(provider_code)
    customer = Customer.objects.select_for_update().get(pk=find(customer_number).pk)
    if not identity.strip():
        raise Refused("identity_missing", f"customer {customer_number} needs an identity at {provider_code}")
    taken = (
        ProviderAccount.objects.filter(provider=provider, identity=identity)
        .exclude(customer=customer)
        .first()
    )
    if taken:
        raise Refused(
            "identity_taken", f"{identity} at {provider_code} is customer {taken.customer.number} already"
        )
    account, _ = ProviderAccount.objects.get_or_create(customer=customer, provider=provider)
    before, account.identity = account.identity, identity
    account.save()
    record(
        "customer.map_provider_account",
        kind="customer",
        subject_id=customer.pk,
        subject=customer.number,
        before={"provider": provider_code, "identity": before},
        after={"provider": provider_code, "identity": identity},
    )
    return account
