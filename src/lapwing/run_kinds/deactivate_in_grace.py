"""Deactivate Subscriptions in Grace: cuts off those whose grace period has ended while the account still owes.

Source: domain rules, the kind deactivate_in_grace.
"""

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Value, When

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.money import to_text
from lapwing.receivables.figures import debt_evidence, unsettled
from lapwing.run_kinds.criterion import criteria_model, set_criteria
from lapwing.run_kinds.explaining import criterion_checks, explanation, facts_of, look
from lapwing.run_kinds.protections import (
    ERROR_CODES,
    DebtGuard,
    DebtSafety,
    protection_figures,
    protections,
    unprotected,
    verdict,
)
from lapwing.run_kinds.subscription_kind import SubscriptionKind
from lapwing.runs.kinds import Assignment, Batch, Check, Explanation, kinds
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.queries import subscription as find
from lapwing.subscriptions.states import State


class DeactivateInGrace(SubscriptionKind):
    name = "deactivate_in_grace"
    label = "Deactivate subscriptions in grace"
    Criteria = criteria_model(
        "subscription_types",
        "price_plans",
        "billing_frequencies",
        "billing_term_schemes",
        "binding_state",
        "binding_periods",
        "grace_period_end_days",
        "classifications",
        "credit_ratings",
        "balance",
        "outstanding",
        debt_guard=(DebtGuard, "overdue"),
    )
    Safety = DebtSafety
    error_codes = ERROR_CODES
    behaviour = Behaviour.DEACTIVATE
    from_state, to_state = State.EFFECTIVE, State.NOT_EFFECTIVE
    reason_code = "debt"
    grace_after = False
    undo_behaviour = Behaviour.ACTIVATE
    undo_reason_code = "undo"
    grace_after_undo = True

    def premises(self, assignment: Assignment) -> Q:
        return Q(life_cycle_state=State.EFFECTIVE, free=False)

    def in_question(self, assignment: Assignment) -> QuerySet:
        # Before any sum is annotated: a later condition on `debt` would join the items a second time.
        return super().in_question(assignment).filter(debt__unsettled_minor__gt=0)

    def select(self, assignment: Assignment) -> QuerySet:
        return self.matching(assignment).annotate(
            **self.item(assignment), item_witness=F("grace_revision"), item_evidence=debt_evidence()
        )

    def judge(self, assignment: Assignment) -> QuerySet:
        found = protections(assignment)
        queryset = self.with_facets(self.matching(assignment), assignment)
        return (
            queryset.annotate(
                **self.item(assignment),
                label=F("account__customer_id"),
            )
            .alias(**protection_figures(assignment))
            .annotate(verdict=verdict(found, default=""))
        )

    def carry_out(self, batch: Batch) -> int:
        assignment = batch.assignment
        found = protections(assignment)
        chosen = self.still_right(batch, self.matching(assignment), witness=OuterRef("grace_revision"))
        done = self.act(batch, unprotected(chosen.alias(**protection_figures(assignment)), found))
        if done < batch.size:
            self.exclude(batch, self._left(batch, assignment))
        return done

    def _left(self, batch: Batch, assignment: Assignment) -> QuerySet:
        """Those not acted on, each with the first reason; the last reason is the one cause left."""
        frozen = batch.items().filter(subject_id=OuterRef("pk")).values("witness")
        settled = When(balance_minor=0, then=Value("settled_since_selection"))
        other_grace = When(
            Q(grace_open=False) | ~Q(grace_revision=F("frozen_grace")), then=Value("grace_changed")
        )
        ladder = verdict(protections(assignment), settled, last=(other_grace,), default="no_longer_matches")
        return (
            self.not_done(batch)
            .alias(
                **protection_figures(assignment),
                balance_minor=unsettled(),
                frozen_grace=Subquery(frozen, output_field=BigIntegerField()),
            )
            .annotate(verdict=ladder)
        )

    def explain(self, assignment: Assignment, number: str) -> Explanation:
        subscription = find(number)
        guards = protections(assignment)
        aliases = {"balance_minor": unsettled(), **protection_figures(assignment)}
        conditions = {
            "state": Q(life_cycle_state=State.EFFECTIVE),
            "not_free": Q(free=False),
            "unsettled": Q(balance_minor__gt=0),
            **{guard.code: guard.condition for guard in guards},
        }
        for criterion, value in set_criteria(assignment.specification.criteria):
            aliases |= criterion.aliases(value, assignment)
            conditions[criterion.name] = criterion.condition(value, assignment)
        row = look(self.with_debt(Subscription.objects), subscription, aliases, conditions)
        facts = facts_of(subscription, assignment.nominal_on, row)
        currency = subscription.account.currency
        owed = f"{to_text(row['balance_minor'], currency)} {currency}"
        criteria = [
            Check("life_cycle_state", "effective", subscription.life_cycle_state, row["is_state"]),
            *criterion_checks(assignment, facts, row),
            Check("not_free", "not free", "free" if subscription.free else "not free", row["is_not_free"]),
            Check("unsettled", "more than 0", owed, row["is_unsettled"]),
        ]
        checks = [
            Check(
                guard.code,
                guard.expected,
                guard_found(guard.code, subscription, row),
                row[f"is_{guard.code}"],
            )
            for guard in guards
        ]
        return explanation(
            facts,
            amount_minor=row["balance_minor"],
            criteria=criteria,
            protections=checks,
            errors=ERROR_CODES,
        )


def guard_found(code: str, subscription: Subscription, row: dict) -> str:
    """What was seen for a protection, in words."""
    account = subscription.account
    money = {
        name: f"{to_text(row[f'{name}_minor'], account.currency)} {account.currency}"
        for name in ("counting", "counting_undisputed", "pending")
    }
    return {
        "account_not_active": account.life_cycle_state,
        "never_disconnect": subscription.never_disconnect_reason or "not flagged",
        "on_hold": f"hold until {account.on_hold_until or '-'}, promise until {account.promise_until or '-'}",
        "disputed": f"{money['counting']} counts, {money['counting_undisputed']} of it undisputed",
        "nothing_overdue": f"{money['counting_undisputed']} undisputed and overdue",
        "payment_in_flight": f"{money['pending']} pending for {money['counting_undisputed']}",
        "recently_reactivated": f"reactivated on {subscription.reactivated_on or '-'}",
        "not_warned": f"grace period {subscription.grace_start_on} to {subscription.grace_end_on}",
    }[code]


kinds.register(DeactivateInGrace())
