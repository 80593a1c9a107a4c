"""The plan of the effective billing term is in the list."""

from lapwing.catalog.models import PricePlan
from lapwing.run_kinds.criterion import TermCodeList, criteria


class PricePlans(TermCodeList):
    name = "price_plans"
    model = PricePlan
    term_field = "price_plan"


criteria.register(PricePlans())
