"""Reads of customers."""

from lapwing.core.errors import Refused
from lapwing.customers.models import Customer


def customer(number: str) -> Customer:
    """Raises Refused `unknown_customer`."""
    found = Customer.objects.filter(number=number).first()
    if found is None:
        raise Refused("unknown_customer", f"there is no customer {number!r}")
    return found
