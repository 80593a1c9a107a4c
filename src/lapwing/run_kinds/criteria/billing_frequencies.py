"""The billing frequency of the effective billing term is in the list."""

from django.utils.translation import gettext_lazy as _

from lapwing.catalog.models import BillingFrequency
from lapwing.run_kinds.criterion import TermCodeList, criteria


class BillingFrequencies(TermCodeList):
    name = "billing_frequencies"
    label = _("Billing frequencies")
    model = BillingFrequency
    term_field = "frequency"


criteria.register(BillingFrequencies())
