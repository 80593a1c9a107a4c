"""Who customers may be at a provider, proposed from what is known of them exactly; a person decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from lapwing.customers.models import ProviderAccount


@dataclass(frozen=True)
class Proposal:
    """An identity that may be the customer's, where it comes from, and whose it is already ('' where nobody's)."""

    identity: str
    source: str
    taken_by: str


def proposals(accounts: Sequence[ProviderAccount]) -> dict[int, list[Proposal]]:
    """By key of the account: the surest first, each identity once. One that is taken is told, so that a person sees
    the conflict.
    """
    related = ("agreements", "provider_accounts__provider", "contacts")
    prefetch_related_objects(list(accounts), *(f"customer__{name}" for name in related))
    found = {account.pk: _sources(account) for account in accounts}
    owners = _owners(accounts, {identity for sources in found.values() for identity in sources})
    return {
        account.pk: [
            Proposal(identity, source, _taken_by(account, identity, owners))
            for identity, source in found[account.pk].items()
        ]
        for account in accounts
    }


def _sources(account: ProviderAccount) -> dict[str, str]:
    sources: dict[str, str] = {}
    for identity, source in _candidates(account):
        if identity:
            sources.setdefault(identity, source)
    return sources


def _candidates(account: ProviderAccount) -> Iterator[tuple[str, str]]:
    customer = account.customer
    for agreement in customer.agreements.all():
        if agreement.provider_id == account.provider_id:
            yield agreement.identity, "agreement accepted" if agreement.accepted_at else "agreement requested"
    for other in customer.provider_accounts.all():
        if other.provider_id != account.provider_id:
            yield other.identity, f"is so at {other.provider.code}"
    yield customer.email, "e-mail of the customer"
    yield customer.number, "number of the customer"
    for contact in customer.contacts.all():
        yield contact.email, f"e-mail of {contact.role.replace('_', ' ')}"


def _owners(
    accounts: Sequence[ProviderAccount], identities: set[str]
) -> dict[tuple[int, str], tuple[int, str]]:
    """Whose an identity is at a provider: key and number of the customer."""
    mapped = ProviderAccount.objects.filter(
        provider__in={account.provider_id for account in accounts}, identity__in=identities - {""}
    )
    columns = ("provider_id", "identity", "customer_id", "customer__number")
    return {(row[0], row[1]): (row[2], row[3]) for row in mapped.values_list(*columns)}


def _taken_by(account: ProviderAccount, identity: str, owners: dict) -> str:
    owner, number = owners.get((account.provider_id, identity), (account.customer_id, ""))
    return "" if owner == account.customer_id else number
