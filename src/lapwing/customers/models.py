"""Customers, their contacts, and who they are at the providers."""

from django.db import models
from django.db.models import Q

from lapwing.catalog.models import Provider
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

    class Meta:
        indexes = [  # names and e-mails are found along indexes of migration 0003
            models.Index(fields=["kind", "number"], name="customer_by_kind"),
            models.Index(fields=["number"], name="customer_credit_hold", condition=Q(credit_hold=True)),
        ]


class Contact(Logged):
    """Somebody at the customer, in one role."""

    ROLES = ("primary_billing", "secondary", "invoice_recipient", "portal_user")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    role = models.CharField(max_length=20, choices=[(r, r) for r in ROLES])
    name = models.CharField(max_length=300)
    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")


class ProviderAccount(Logged):
    """A customer's identity at a provider. A proposed one waits for a person who maps it, and until then blocks
    provisioning.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="provider_accounts")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="accounts")
    identity = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "provider"], name="one_identity_a_provider"),
            models.UniqueConstraint(
                fields=["provider", "identity"], name="one_customer_an_identity", condition=~Q(identity="")
            ),
        ]
        indexes = [models.Index(fields=["id"], name="provider_account_proposed", condition=Q(identity=""))]

    @property
    def is_mapped(self) -> bool:
        return self.identity != ""


class ProviderAgreement(Logged):
    """A customer was asked to accept a provider's agreement; until he has, nothing is provisioned there."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="agreements")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="agreements")
    identity = models.CharField(max_length=200)
    partner_email = models.CharField(max_length=254, blank=True, default="")  # told when it is accepted
    requested_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "provider"], name="one_agreement_a_provider")
        ]
