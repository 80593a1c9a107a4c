"""Takes back who a customer is at a provider. Where it waits for accounts, nothing more is switched on or changed there
until he is mapped again; another is told without an identity.
"""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.core.errors import Refused
from lapwing.customers.models import Customer, ProviderAccount
from lapwing.customers.queries import customer as find
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


@transaction.atomic
def unmap_provider_account(customer_number: str, provider_code: str, *, reason: str) -> ProviderAccount:
    """The account is proposed again. One that is not mapped stays as it is. Raises Refused `unknown_customer`,
    `unknown_provider`, `unknown_provider_account`, `reason_missing`.
    """
    require(Permission.PROVISION)
    provider = provider_of(provider_code)
    customer = Customer.objects.select_for_update().get(pk=find(customer_number).pk)
    account = ProviderAccount.objects.filter(customer=customer, provider=provider).first()
    if account is None:
        raise Refused(
            "unknown_provider_account", f"customer {customer_number} has no account at {provider_code}"
        )
    if not reason.strip():
        raise Refused("reason_missing", f"say why {account.identity} is not customer {customer_number}")
    if not account.is_mapped:
        return account
    before, account.identity = account.identity, ""
    account.save()
    record(
        "customer.unmap_provider_account",
        kind="customer",
        subject_id=customer.pk,
        subject=customer.number,
        reason=reason,
        before={"provider": provider_code, "identity": before},
        after={"provider": provider_code, "identity": ""},
    )
    return account
