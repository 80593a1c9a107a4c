"""The billing frequency of the effective billing term is in the list."""

from lapwing.catalog.models import BillingFrequency
from lapwing.run_kinds.criterion import TermCodeList, criteria


class BillingFrequencies(TermCodeList):
    name = "billing_frequencies"
    model = BillingFrequency
    term_field = "frequency"


criteria.register(BillingFrequencies())
