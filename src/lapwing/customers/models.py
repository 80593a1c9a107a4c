"""Customers and their contacts."""

from django.db import models

from lapwing.core.models import Logged


class Customer(Logged):
    number = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=300)
    kind = models.CharField(
        max_length=12, choices=[("person", "person"), ("organisation", "organisation")], default="person"
    )
    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    address = models.TextField(blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    tax_id = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="")
    credit_hold = models.BooleanField(default=False)


class Contact(Logged):
    """Somebody at the customer, in one role."""

    ROLES = ("primary_billing", "secondary", "invoice_recipient", "portal_user")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    role = models.CharField(max_length=20, choices=[(r, r) for r in ROLES])
    name = models.CharField(max_length=300)
    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
