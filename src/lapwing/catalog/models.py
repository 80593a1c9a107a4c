"""The catalogue: short lists of codes with names, each with its life cycle state."""

from django.db import models

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.models import Logged


class LifeCycle(models.TextChoices):
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"


class CatalogEntry(Logged):
    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    life_cycle_state = models.CharField(max_length=16, choices=LifeCycle.choices, default=LifeCycle.EFFECTIVE)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class SubscriptionType(CatalogEntry):
    pass


class PricePlan(CatalogEntry):
    pass


class BillingTermScheme(CatalogEntry):
    prepaid = models.BooleanField(default=False)
    pre_billed = models.BooleanField(default=False)


class BillingFrequency(CatalogEntry):
    """Every n units: the eight that ship, and custom ones."""

    every = models.PositiveIntegerField()
    unit = models.CharField(max_length=8, choices=[(u, u) for u in ("days", "weeks", "months", "years")])


class BindingPeriod(CatalogEntry):
    pass


class Product(CatalogEntry):
    pass


class PriceListItem(Logged):
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="prices")
    price_list = models.CharField(max_length=100, default="standard")
    currency = models.CharField(max_length=3)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)  # never summed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "price_list", "currency"], name="price_once_per_list")
        ]


class ProviderKind(models.TextChoices):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    NONE = "none"


TOLD = (ProviderKind.AUTOMATIC, ProviderKind.MANUAL)  # somebody has to be told of a change


class Provider(CatalogEntry):
    """Who delivers the service: through a connector, by a person, or nobody outside."""

    kind = models.CharField(max_length=9, choices=ProviderKind.choices, default=ProviderKind.NONE)
    connector = models.CharField(max_length=64, blank=True, default="")
    configuration = models.JSONField(default=dict, blank=True)  # of the connector, without secrets
    sealed_secrets = models.TextField(blank=True, default="")
    needs_account = models.BooleanField(default=False)  # customers need an identity there, mapped by a person
    responsible_email = models.CharField(max_length=254, blank=True, default="")  # of a manual provider
    remind_every_days = models.PositiveIntegerField(default=3)

    @property
    def waits_for_account(self) -> bool:
        """Whether it is told nothing for a customer who is not mapped there; a person who acts by hand is told all."""
        return self.kind == ProviderKind.AUTOMATIC and self.needs_account


class ActionType(CatalogEntry):
    """A name of the operator's own for one of the behaviours."""

    behaviour = models.CharField(max_length=32, choices=Behaviour.choices)


class SubActionType(CatalogEntry):
    action_type = models.ForeignKey(ActionType, on_delete=models.PROTECT, related_name="sub_types")
