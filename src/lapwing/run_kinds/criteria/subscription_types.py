"""The subscription's type is in the list."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lapwing.catalog.models import SubscriptionType
from lapwing.run_kinds.criterion import CodeList, Facts, criteria
from lapwing.runs.kinds import Assignment


class SubscriptionTypes(CodeList):
    name = "subscription_types"
    label = _("Subscription types")
    model = SubscriptionType

    def condition(self, value: list[str], assignment: Assignment) -> Q:
        return Q(subscription_type__in=self.keys(value))

    def found(self, facts: Facts) -> str:
        return str(facts.subscription.subscription_type or "none")


criteria.register(SubscriptionTypes())
