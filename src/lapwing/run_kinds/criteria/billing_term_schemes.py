"""The billing term scheme of the effective billing term is in the list."""

from django.utils.translation import gettext_lazy as _

from lapwing.catalog.models import BillingTermScheme
from lapwing.run_kinds.criterion import TermCodeList, criteria


class BillingTermSchemes(TermCodeList):
    name = "billing_term_schemes"
    label = _("Billing term schemes")
    model = BillingTermScheme
    term_field = "scheme"


criteria.register(BillingTermSchemes())
