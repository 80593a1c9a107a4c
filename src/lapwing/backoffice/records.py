"""The short lists of the catalogue as unfold's lists: to look things up; every change is an action."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from lapwing.backoffice.site import site
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
from lapwing.identity.permissions import Permission
from lapwing.receivables.models import Classification, CreditRating


class LookUp(ModelAdmin):
    """Shown to whoever may look; never changed here."""

    list_per_page = 50
    show_full_result_count = False
    needed = Permission.VIEW

    def get_urls(self) -> list[Any]:
        """The list and one entry; nothing that would add, change or delete."""
        return [each for each in super().get_urls() if (each.name or "").endswith(("_changelist", "_change"))]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.needed in getattr(request, "permissions", set())

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CatalogEntries(LookUp):
    list_display = ("code", "name", "life_cycle_state")
    list_filter = ("life_cycle_state",)
    search_fields = ("code", "name")


class Providers(CatalogEntries):
    list_display = ("code", "name", "kind", "connector", "life_cycle_state")
    fields = ("code", "name", "kind", "connector", "needs_account", "responsible_email", "life_cycle_state")


CATALOGUE = (
    SubscriptionType,
    PricePlan,
    BillingTermScheme,
    BillingFrequency,
    BindingPeriod,
    Product,
    ActionType,
    SubActionType,
    Classification,
    CreditRating,
)


def register() -> None:
    """Once, when the map of URLs is made: commands that show no screen do without."""
    for model in CATALOGUE:
        site.register(model, CatalogEntries)
    site.register(Provider, Providers)
