"""Puts a customer on credit hold, or takes him off: on hold, nothing more is switched on for him at a provider."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.customers.models import Customer
from lapwing.customers.queries import customer as find
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


def hold_credit(number: str, *, reason: str) -> Customer:
    return _set(number, credit_hold=True, reason=reason)


def release_credit(number: str, *, reason: str = "") -> Customer:
    return _set(number, credit_hold=False, reason=reason)


@transaction.atomic
def _set(number: str, *, credit_hold: bool, reason: str) -> Customer:
    require(Permission.CHANGE_ACCOUNTS)
    customer = Customer.objects.select_for_update().get(pk=find(number).pk)
    if customer.credit_hold != credit_hold:
        customer.credit_hold = credit_hold
        customer.save()
        record(
            "customer.hold_credit" if credit_hold else "customer.release_credit",
            kind="customer",
            subject_id=customer.pk,
            subject=number,
            reason=reason,
        )
    return customer
