"""Activates subscriptions that were cut off for debt, once their account owes nothing that counts any more."""

from typing import Annotated, Literal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.money import to_text
from lapwing.identity.queries import organisation
from lapwing.receivables.figures import UNDISPUTED, by_currency, due_before, unsettled
from lapwing.receivables.models import AccountState
from lapwing.run_kinds.criterion import OF_ACCOUNT, criteria_model, set_criteria
from lapwing.run_kinds.explaining import criterion_checks, explanation, facts_of, look
from lapwing.run_kinds.protections import ERROR_CODES, Protection, unprotected, verdict
from lapwing.run_kinds.subscription_kind import SubscriptionKind
from lapwing.runs.inputs import Shown
from lapwing.runs.kinds import Assignment, Batch, Check, Explanation, kinds
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from lapwing.subscriptions.queries import subscription as find
from lapwing.subscriptions.states import State

_MOVED_LATER = SubscriptionAction.objects.filter(
    subscription=OuterRef("subscription"), revision__gt=OuterRef("revision")
).exclude(from_state=F("to_state"))
# The last action that moved it was a deactivation for debt; amendments since then do not count.
CUT_OFF_FOR_DEBT = Q(
    Exists(
        SubscriptionAction.objects.filter(
            ~Exists(_MOVED_LATER),
            subscription=OuterRef("pk"),
            behaviour=Behaviour.DEACTIVATE,
            reason_code="debt",
            state="executed",
        )
    )
)


class ActivateSettled(SubscriptionKind):
    """Takes back what a run did for debt; a subscription that a person deactivated stays as it is."""

    name = "activate_settled"
    label = "Activate settled subscriptions"
    Criteria = criteria_model(
        "subscription_types",
        "price_plans",
        "billing_frequencies",
        "billing_term_schemes",
        "binding_state",
        "binding_periods",
        "classifications",
        "credit_ratings",
        "balance",
        "outstanding",
        settled=(
            Annotated[
                Literal["overdue", "unsettled"],
                Shown(_("Settled when nothing is"), section=OF_ACCOUNT),
            ],
            "overdue",
        ),
    )
    error_codes = ERROR_CODES
    behaviour = Behaviour.ACTIVATE
    from_state, to_state = State.NOT_EFFECTIVE, State.EFFECTIVE
    reason_code = "settled"
    can_undo = (
        False  # an undo may give service back, never take it: cut off again by a run that looks at everything
    )

    def premises(self, assignment: Assignment) -> Q:
        return super().premises(assignment) & CUT_OFF_FOR_DEBT

    def matching(self, assignment: Assignment) -> QuerySet:
        queryset = super().matching(assignment).alias(**self._figures(assignment))
        return queryset.filter(self._settled())

    def _figures(self, assignment: Assignment) -> dict:
        """The debt that keeps a subscription off, and how much of it does not count."""
        if assignment.specification.criteria.settled == "unsettled":
            return {"owed_minor": unsettled(), "tolerance_minor": by_currency("account__currency", {})}
        return {
            "owed_minor": unsettled(due_before(assignment.nominal_on) & UNDISPUTED),
            "tolerance_minor": by_currency("account__currency", organisation().tolerance_minor),
        }

    def _settled(self) -> Q:
        return Q(owed_minor__lte=F("tolerance_minor"))

    def _protections(self) -> list[Protection]:
        not_active = ~Q(account__life_cycle_state=AccountState.ACTIVE)
        return [Protection("account_not_active", not_active, "the account is active")]

    def select(self, assignment: Assignment) -> QuerySet:
        return self.matching(assignment).annotate(
            **self.item(assignment), item_witness=F("revision"), item_evidence=Value("")
        )

    def judge(self, assignment: Assignment) -> QuerySet:
        queryset = self.with_facets(self.matching(assignment), assignment)
        return queryset.annotate(
            **self.item(assignment),
            label=F("account__customer_id"),
            verdict=verdict(self._protections(), default=""),
        )

    def carry_out(self, batch: Batch) -> int:
        chosen = self.still_right(batch, self.matching(batch.assignment))
        done = self.act(batch, unprotected(chosen, self._protections()))
        if done < batch.size:
            ladder = verdict(self._protections(), default="no_longer_matches")
            self.exclude(batch, self.not_done(batch).annotate(verdict=ladder))
        return done

    def explain(self, assignment: Assignment, number: str) -> Explanation:
        subscription = find(number)
        aliases = {"balance_minor": unsettled(), **self._figures(assignment)}
        guards = self._protections()
        conditions = {
            "state": Q(life_cycle_state=State.NOT_EFFECTIVE),
            "cut_off_for_debt": CUT_OFF_FOR_DEBT,
            "settled": self._settled(),
            **{guard.code: guard.condition for guard in guards},
        }
        for criterion, value in set_criteria(assignment.specification.criteria):
            aliases |= criterion.aliases(value, assignment)
            conditions[criterion.name] = criterion.condition(value, assignment)
        row = look(self.with_debt(Subscription.objects), subscription, aliases, conditions)
        facts = facts_of(subscription, assignment.nominal_on, row)
        currency = subscription.account.currency
        owed = f"{to_text(row['owed_minor'], currency)} {currency}"
        mode = assignment.specification.criteria.settled
        criteria = [
            Check("life_cycle_state", "not_effective", subscription.life_cycle_state, row["is_state"]),
            Check(
                "cut_off_for_debt",
                "last moved by a deactivation for debt",
                "it is" if row["is_cut_off_for_debt"] else "it is not",
                row["is_cut_off_for_debt"],
            ),
            Check("settled", f"nothing {mode}", f"{owed} {mode}", row["is_settled"]),
            *criterion_checks(assignment, facts, row),
        ]
        checks = [
            Check(guard.code, guard.expected, subscription.account.life_cycle_state, row[f"is_{guard.code}"])
            for guard in guards
        ]
        return explanation(
            facts,
            amount_minor=row["balance_minor"],
            criteria=criteria,
            protections=checks,
            errors=ERROR_CODES,
        )


kinds.register(ActivateSettled())
