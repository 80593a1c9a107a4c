"""Reads of customers: one, lists with their filters, agreements, who they are at the providers."""

from django.db.models import Model, Q, QuerySet

from lapwing.core.errors import Refused
from lapwing.customers.models import Customer, ProviderAccount, ProviderAgreement

MATCHES_AT_MOST = 200


def customer(number: str) -> Customer:
    """Raises Refused `unknown_customer`."""
    found = Customer.objects.filter(number=number).first()
    if found is None:
        raise Refused("unknown_customer", f"there is no customer {number!r}")
    return found


def begins(model: type[Model], text: str) -> Q:
    """The number begins so as typed; where none does, in capitals: numbers are mostly written so."""
    typed = _from(text)
    if text == text.upper() or model.objects.order_by().filter(typed).exists():
        return typed
    return _from(text.upper())


def _from(text: str) -> Q:
    """The lower bound lets an ordered index be read from there on, whatever the collation."""
    return Q(number__startswith=text, number__gte=text)


def customers_by_text(text: str) -> QuerySet[Customer]:
    """Those whose number begins with the text; where there are none, those whose name or e-mail does. Without an
    order: for one page of keys.
    """
    numbered = Customer.objects.order_by().filter(begins(Customer, text))
    if numbered.exists():
        return numbered
    named = Q(name__istartswith=text)
    if "@" in text:
        named |= Q(email__istartswith=text)
    return Customer.objects.order_by().filter(named)


def search_customers(
    text: str = "", *, kind: str = "", credit_hold: bool = False, after: str = "", limit: int = 50
) -> list[Customer]:
    """Customers by number; `after` is the last number of the page before."""
    found = customers_by_text(text) if text else Customer.objects.all()
    if kind:
        found = found.filter(kind=kind)
    if credit_hold:
        found = found.filter(credit_hold=True)
    return list(found.filter(number__gt=after).order_by("number")[:limit])


def agreements_of(customer: Customer) -> QuerySet[ProviderAgreement]:
    return customer.agreements.select_related("provider").order_by("provider__code")


def provider_accounts_of(customer: Customer) -> QuerySet[ProviderAccount]:
    return customer.provider_accounts.select_related("provider").order_by("provider__code")


def search_provider_accounts(
    *, provider: str = "", state: str = "", text: str = "", after: int = 0, limit: int = 50
) -> list[ProviderAccount]:
    """In the order in which they were proposed. `state` is proposed or mapped; `text` is the beginning of an identity
    or of a customer's number or name.
    """
    found = ProviderAccount.objects.select_related("customer", "provider")
    if provider:
        found = found.filter(provider__code=provider)
    if state:
        found = found.filter(identity="") if state == "proposed" else found.exclude(identity="")
    if text:
        of = list(customers_by_text(text).values_list("pk", flat=True)[:MATCHES_AT_MOST])
        found = found.filter(Q(identity__startswith=text) | Q(customer__in=of))
    return list(found.filter(pk__gt=after).order_by("pk")[:limit])
