"""The plan of the effective billing term is in the list."""

from django.utils.translation import gettext_lazy as _

from lapwing.catalog.models import PricePlan
from lapwing.run_kinds.criterion import TermCodeList, criteria


class PricePlans(TermCodeList):
    name = "price_plans"
    label = _("Price plans")
    model = PricePlan
    term_field = "price_plan"


criteria.register(PricePlans())
