"""Accounts receivable. What an item still owes and what a payment has left are stored sums: `ledger` writes them."""

from django.db import models
from django.db.models import F, Q

from lapwing.catalog.models import CatalogEntry
from lapwing.core.models import Logged
from lapwing.customers.models import Customer


class Classification(CatalogEntry):
    pass


class CreditRating(CatalogEntry):
    """AAA AA A BAA BA B CAA CA C ship; others are not made by an import."""


class AccountState(models.TextChoices):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


class Account(Logged):
    number = models.CharField(max_length=100, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")
    currency = models.CharField(max_length=3, db_index=True)
    classification = models.ForeignKey(Classification, null=True, on_delete=models.PROTECT, db_index=False)
    credit_rating = models.ForeignKey(CreditRating, null=True, on_delete=models.PROTECT, db_index=False)
    credit_limit_minor = models.BigIntegerField(null=True)
    life_cycle_state = models.CharField(
        max_length=10, choices=AccountState.choices, default=AccountState.ACTIVE
    )
    on_hold_until = models.DateField(null=True)  # inclusive
    hold_reason = models.TextField(blank=True, default="")
    promise_until = models.DateField(null=True)  # inclusive
    promise_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(life_cycle_state__in=AccountState.values), name="account_state_known"
            )
        ]
        indexes = [
            models.Index(
                fields=["life_cycle_state", "number"],
                name="account_not_active",
                condition=Q(life_cycle_state__in=[AccountState.SUSPENDED, AccountState.TERMINATED]),
            ),
            models.Index(fields=["classification", "number"], name="account_by_classification"),
            models.Index(fields=["credit_rating", "number"], name="account_by_rating"),
            models.Index(
                fields=["on_hold_until"], name="account_on_hold", condition=Q(on_hold_until__isnull=False)
            ),
            models.Index(
                fields=["promise_until"], name="account_promise", condition=Q(promise_until__isnull=False)
            ),
        ]


class OpenItem(Logged):
    """An issued invoice as a debt of its account, in the account's currency."""

    number = models.CharField(max_length=100, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="open_items")
    issued_on = models.DateField()
    due_on = models.DateField()
    total_minor = models.BigIntegerField()
    unsettled_minor = models.BigIntegerField()
    disputed = models.BooleanField(default=False)
    dispute_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(unsettled_minor__gte=0, unsettled_minor__lte=F("total_minor")),
                name="unsettled_within_total",
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "due_on", "unsettled_minor", "disputed"],
                name="open_item_unsettled",
                condition=Q(unsettled_minor__gt=0),
            )
        ]


class PaymentState(models.TextChoices):
    PENDING = "pending"  # announced, such as a direct debit on its way
    POSTED = "posted"
    REVERSED = "reversed"
    FAILED = "failed"  # announced, but never arrived


class Payment(Logged):
    """Money of one account. `invoice_number` is the invoice it names, issued or still to be issued."""

    reference = models.CharField(max_length=100, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="payments")
    received_on = models.DateField()
    amount_minor = models.BigIntegerField()
    unallocated_minor = models.BigIntegerField(default=0)
    invoice_number = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=8, choices=PaymentState.choices, default=PaymentState.POSTED)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=Q(unallocated_minor__gte=0, unallocated_minor__lte=F("amount_minor")),
                name="unallocated_within_amount",
            ),
            models.CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["account", "amount_minor"],
                name="payment_pending",
                condition=Q(state=PaymentState.PENDING),
            ),
            models.Index(
                fields=["account", "received_on", "reference"],
                name="payment_credit",
                condition=Q(unallocated_minor__gt=0),
            ),
        ]


class Allocation(models.Model):
    """So much of a payment settled so much of an item, on that day; negative where a reversal took it back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="allocations")
    open_item = models.ForeignKey(OpenItem, on_delete=models.PROTECT, related_name="allocations")
    amount_minor = models.BigIntegerField()
    allocated_on = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="allocation_not_zero")]


class Reminder(Logged):
    """The customer was reminded of the account's debt."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reminders")
    sent_on = models.DateField()
    level = models.PositiveSmallIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["account", "sent_on"], name="reminder_by_account")]
