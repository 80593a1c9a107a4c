"""The account's classification is in the list."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lapwing.receivables.models import Classification
from lapwing.run_kinds.criterion import OF_ACCOUNT, CodeList, Facts, criteria
from lapwing.runs.kinds import Assignment


class Classifications(CodeList):
    name = "classifications"
    section = OF_ACCOUNT
    label = _("Classifications")
    model = Classification

    def condition(self, value: list[str], assignment: Assignment) -> Q:
        return Q(account__classification__in=self.keys(value))

    def found(self, facts: Facts) -> str:
        return str(facts.subscription.account.classification or "none")


criteria.register(Classifications())
