"""Subscriptions, billing terms and actions.

No index contains or depends on a column that a run changes (state, grace_open, revision): PostgreSQL then updates
the row in place (HOT), which makes a mass deactivation several times faster (docs/benchmarks.md).
"""

from django.db import models
from django.db.models import F, Q

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import (
    ActionType,
    BillingFrequency,
    BillingTermScheme,
    BindingPeriod,
    PricePlan,
    Product,
    Provider,
    SubActionType,
    SubscriptionType,
)
from lapwing.core.models import Logged
from lapwing.receivables.models import Account
from lapwing.subscriptions.states import ACTION_STATES, RARE, SERVICES_ON, State


class Subscription(Logged):
    """What a customer has, on one account. Everything in it follows from its actions.

    Grace is the interval from `grace_start_on` to `grace_end_on`, granted by the action with `grace_revision` and
    open until an action closes it.
    """

    number = models.CharField(max_length=100, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="subscriptions")
    subscription_type = models.ForeignKey(SubscriptionType, on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, db_index=False)
    provider = models.ForeignKey(Provider, null=True, on_delete=models.PROTECT, db_index=False)
    quantity = models.BigIntegerField(default=1)
    free = models.BooleanField(default=False)
    never_disconnect = models.BooleanField(default=False)
    never_disconnect_reason = models.TextField(blank=True, default="")
    life_cycle_state = models.CharField(max_length=24, choices=State.choices, default=State.DRAFT)
    until_on = models.DateField(null=True)  # of resting and the short-term states
    grace_start_on = models.DateField(null=True)
    grace_end_on = models.DateField(null=True, db_index=True)
    grace_open = models.BooleanField(default=False)
    grace_revision = models.IntegerField(null=True)
    reactivated_on = models.DateField(null=True)  # by a person or an undo
    revision = models.IntegerField(default=0)  # of the last action

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(life_cycle_state__in=State.values), name="subscription_state_known"
            ),
            models.CheckConstraint(
                condition=Q(grace_open=False)
                | Q(grace_start_on__isnull=False, grace_end_on__gte=F("grace_start_on")),
                name="open_grace_is_an_interval",
            ),
            models.CheckConstraint(
                condition=Q(never_disconnect=False) | ~Q(never_disconnect_reason=""),
                name="never_disconnect_has_a_reason",
            ),
        ]
        indexes = [  # of the lists that people page through; no run changes these columns
            models.Index(fields=["subscription_type", "number"], name="subscription_by_type"),
            models.Index(fields=["provider", "number"], name="subscription_by_provider"),
        ]

    @property
    def services_on(self) -> bool:
        return self.life_cycle_state in SERVICES_ON


class BillingTerm(Logged):
    """How a subscription is billed between two dates, both inclusive. The database refuses two that overlap."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="billing_terms")
    scheme = models.ForeignKey(BillingTermScheme, on_delete=models.PROTECT, db_index=False)
    price_plan = models.ForeignKey(PricePlan, on_delete=models.PROTECT, db_index=False)
    frequency = models.ForeignKey(BillingFrequency, on_delete=models.PROTECT, db_index=False)
    binding_period = models.ForeignKey(BindingPeriod, null=True, on_delete=models.PROTECT, db_index=False)
    binding_start_on = models.DateField(null=True)
    binding_end_on = models.DateField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="term_is_an_interval",
            )
        ]
        indexes = [models.Index(fields=["price_plan", "subscription"], name="term_by_plan")]


class SubscriptionAction(models.Model):
    """One change of one subscription, as it was asked for and as it ended.

    Executed actions number the revisions of their subscription and keep what it was before and after, so that its
    state can be proved and undone. Keys to rows above the log are not enforced by the database: `verify` checks
    them, and a mass run writes half as long.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.DO_NOTHING, related_name="actions", db_constraint=False, db_index=False
    )
    revision = models.IntegerField(null=True)  # of the subscription, once executed
    behaviour = models.CharField(max_length=32, choices=Behaviour.choices)
    action_type = models.ForeignKey(
        ActionType, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    sub_action_type = models.ForeignKey(
        SubActionType, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=9, choices=[(s, s) for s in ACTION_STATES])
    from_state = models.CharField(max_length=24, blank=True, default="")
    to_state = models.CharField(max_length=24, blank=True, default="")
    grace_was_open = models.BooleanField(default=False)
    grace_open = models.BooleanField(default=False)
    grace_start_on = models.DateField(null=True)
    grace_end_on = models.DateField(null=True)
    quantity = models.BigIntegerField(default=1)
    until_on = models.DateField(null=True)
    value = models.CharField(max_length=300, blank=True, default="")  # what an amendment changes to
    reason_code = models.CharField(max_length=16, blank=True, default="")  # opening, debt, settled, undo
    reason = models.TextField(blank=True, default="")
    rejection = models.TextField(blank=True, default="")
    run_id = models.BigIntegerField(null=True)
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField()
    scheduled_on = models.DateField(null=True)
    executed_at = models.DateTimeField(null=True)
    executed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "revision"], name="one_action_a_revision"),
            models.UniqueConstraint(
                fields=["run_id", "subscription"],
                name="one_action_a_run",
                condition=Q(run_id__isnull=False, scheduled_on__isnull=True),
            ),
            models.CheckConstraint(condition=Q(state__in=ACTION_STATES), name="action_state_known"),
            models.CheckConstraint(
                condition=Q(state="executed", revision__isnull=False) | ~Q(state="executed"),
                name="executed_action_has_a_revision",
            ),
        ]
        indexes = [
            models.Index(
                fields=["scheduled_on", "id"], name="action_scheduled", condition=Q(state="scheduled")
            ),
            models.Index(  # finds those in a state that few are in
                fields=["to_state", "subscription"],
                name="action_to_rare_state",
                condition=Q(state="executed", to_state__in=RARE),
            ),
        ]


class Event(models.TextChoices):
    """What a license change is."""

    CREATE = "create"
    UPDATE = "update"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    PRICE = "price"


class Provisioning(models.TextChoices):
    """Whether the provider has it."""

    AWAITING = "awaiting"
    PROVISIONED = "provisioned"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class LicenseChangeLog(models.Model):
    """One change of what a subscription is to be at its provider; append-only but for what became of it.

    The quantity of a subscription is the sum of the deltas. `quantity`, `active` and `product` are what it is to be
    after this change, so that a provider is told states, not differences. Keys are not enforced by the database, as
    those of actions: `verify` checks them.
    """

    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.DO_NOTHING,
        related_name="license_changes",
        db_constraint=False,
        db_index=False,
    )
    revision = models.IntegerField(null=True)  # of the action that made it; none for a price
    event = models.CharField(max_length=10, choices=Event.choices)
    quantity_delta = models.BigIntegerField(default=0)
    quantity = models.BigIntegerField()
    active = models.BooleanField()
    product = models.ForeignKey(
        Product, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    unit_price = models.DecimalField(max_digits=18, decimal_places=6, null=True)  # never summed
    effective_on = models.DateField()
    source = models.CharField(max_length=10)  # import, action, run, scheduled, provider
    run_id = models.BigIntegerField(null=True)
    provisioning_status = models.CharField(max_length=14, choices=Provisioning.choices)
    provisioning_code = models.CharField(max_length=64, blank=True, default="")
    provisioning_message = models.TextField(blank=True, default="")
    provider_reference = models.CharField(max_length=200, blank=True, default="")
    provisioned_at = models.DateTimeField(null=True)
    billing_status = models.CharField(max_length=8, default="active")  # active, invoiced, excluded
    recorded_by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "revision"], name="one_change_a_revision"),
            models.CheckConstraint(
                condition=Q(provisioning_status__in=Provisioning.values), name="provisioning_status_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "id"],
                name="license_change_open",
                condition=Q(provisioning_status__in=[Provisioning.AWAITING, Provisioning.FAILED]),
            ),
            models.Index(
                fields=["subscription", "id"],
                name="license_change_failed",
                condition=Q(provisioning_status=Provisioning.FAILED),
            ),
        ]


class ScheduledLicenseChangeLog(Logged):
    """A license change that takes place on a day to come."""

    class Status(models.TextChoices):
        PENDING = "pending"
        MERGED = "merged"
        MERGE_FAILED = "merge_failed"
        CANCELLED = "cancelled"

    class Change(models.TextChoices):
        QUANTITY = "quantity"
        PRICE = "price"
        ACTIVATE = "activate"
        DEACTIVATE = "deactivate"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="scheduled_changes")
    change = models.CharField(max_length=10, choices=Change.choices)
    value = models.CharField(max_length=40, blank=True, default="")  # the new quantity or unit price
    effective_on = models.DateField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    message = models.TextField(blank=True, default="")
    failed_revision = models.IntegerField(null=True)  # of the subscription, when the merge failed first
    merged_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "merged", "merge_failed", "cancelled"]),
                name="scheduled_change_status_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["effective_on", "id"], name="scheduled_change_pending", condition=Q(status="pending")
            ),
            models.Index(fields=["id"], name="scheduled_change_failed", condition=Q(status="merge_failed")),
        ]


class ProviderComparison(models.Model):
    """The latest look at what a provider has, subscription by subscription, and how far it has come."""

    provider = models.OneToOneField(Provider, on_delete=models.CASCADE, related_name="comparison")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reached = models.CharField(max_length=100, blank=True, default="")  # number of the last one asked about
    asked = models.PositiveIntegerField(default=0)


class ProviderDifference(models.Model):
    """What a provider has otherwise than we, as it was when it was last asked."""

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="difference")
    ours = models.CharField(max_length=100)
    theirs = models.CharField(max_length=100)
    waiting = models.CharField(max_length=100, blank=True, default="")  # the open change that is to mend it
    seen_at = models.DateTimeField()
