"""The account's credit rating is in the list."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lapwing.receivables.models import CreditRating
from lapwing.run_kinds.criterion import OF_ACCOUNT, CodeList, Facts, criteria
from lapwing.runs.kinds import Assignment


class CreditRatings(CodeList):
    name = "credit_ratings"
    section = OF_ACCOUNT
    label = _("Credit ratings")
    model = CreditRating

    def condition(self, value: list[str], assignment: Assignment) -> Q:
        return Q(account__credit_rating__in=self.keys(value))

    def found(self, facts: Facts) -> str:
        return str(facts.subscription.account.credit_rating or "none")


criteria.register(CreditRatings())
