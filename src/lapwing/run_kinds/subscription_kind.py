"""What all kinds that act on subscriptions share: their criteria, names and facets, locks, proof and undo."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import ActionType, PricePlan, SubActionType, SubscriptionType
from lapwing.catalog.queries import action_types, custom_types
from lapwing.core.errors import Problem, Refused
from lapwing.core.sql import lock_in_key_order
from lapwing.customers.models import Customer
from lapwing.customers.queries import begins
from lapwing.identity.holiday_calendar import has_holidays
from lapwing.identity.queries import organisation
from lapwing.receivables.figures import unsettled, with_debt
from lapwing.receivables.models import Account, Classification, CreditRating
from lapwing.run_kinds.criterion import set_criteria
from lapwing.runs.kinds import Assignment, Batch, RunKind
from lapwing.runs.models import Run, RunItem
from lapwing.runs.specification import Specification
from lapwing.subscriptions.actions.perform_many import MassAction, perform_many
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.proof import proof_of_run
from lapwing.subscriptions.provider_jobs import jobs_of_run
from lapwing.subscriptions.queries import actions_of_run, valid_on
from lapwing.subscriptions.states import State

FACETS = {
    "type": (SubscriptionType, "subscription_type"),
    "plan": (PricePlan, "term__price_plan"),
    "rating": (CreditRating, "account__credit_rating"),
    "classification": (Classification, "account__classification"),
}


class SubscriptionKind(RunKind):
    """One behaviour for all chosen subscriptions of accounts; a subclass says whom and why not."""

    subject_kind = "subscription"
    subject_column = "subscription"
    owner_kind = "account"
    facets = tuple(FACETS)
    sample_order = (Customer, "name")
    behaviour: ClassVar[Behaviour]
    from_state: ClassVar[State]
    to_state: ClassVar[State]
    undo_behaviour: ClassVar[Behaviour]
    undo_reason_code: ClassVar[str]
    reason_code: ClassVar[str]
    grace_after: ClassVar[bool | None] = None  # what becomes of the grace interval
    grace_after_undo: ClassVar[bool | None] = None

    def problems(self, specification: Specification) -> list[Problem]:
        found = [
            problem
            for criterion, value in set_criteria(specification.criteria)
            for problem in criterion.problems(value, specification.criteria)
        ]
        return found + _action_type_problems(specification, self.behaviour) + _holiday_problems(specification)

    def matching(self, assignment: Assignment) -> QuerySet:
        """Subscriptions that meet every criterion, grouped by their key over the joined debt."""
        queryset = self.in_question(assignment).values("pk")
        for criterion, value in set_criteria(assignment.specification.criteria):
            queryset = queryset.alias(**criterion.aliases(value, assignment))
            queryset = queryset.filter(criterion.condition(value, assignment))
        return queryset

    def in_question(self, assignment: Assignment) -> QuerySet:
        """Subscriptions that meet the kind's own conditions, with the debt joined."""
        return self.with_debt(Subscription.objects.filter(self.premises(assignment)))

    def with_debt(self, queryset: QuerySet) -> QuerySet:
        return with_debt(queryset, "account__")

    def premises(self, assignment: Assignment) -> Q:
        """What must be so of the subscription itself."""
        return Q(life_cycle_state=self.from_state)

    def lock(self, batch: Batch) -> None:
        items = batch.items()
        lock_in_key_order(Account.objects.filter(pk__in=items.values("owner_id")))
        lock_in_key_order(Subscription.objects.filter(batch.keys, pk__in=items.values("subject_id")))

    def act(self, batch: Batch, chosen: QuerySet) -> int:
        specification = batch.assignment.specification
        action_type, sub_type = action_types(
            self.behaviour, specification.action_type or "", specification.sub_action_type or ""
        )
        mass = MassAction(
            run_id=batch.run.pk,
            behaviour=self.behaviour,
            from_state=self.from_state,
            reason_code=self.reason_code,
            reason=f"run {batch.run.pk} of {batch.run.definition.alternative_code}",
            at=batch.at,
            on=batch.assignment.today,
            action_type_id=action_type.pk if action_type else None,
            sub_action_type_id=sub_type.pk if sub_type else None,
            grace_open=self.grace_after,
        )
        return perform_many(chosen, mass, batch.keys)

    def still_right(self, batch: Batch, queryset: QuerySet, **witness: F) -> QuerySet:
        """Narrows to the batch's items whose owner, and what else was witnessed, are as they were frozen."""
        same = batch.items().filter(subject_id=OuterRef("pk"), owner_id=OuterRef("account_id"), **witness)
        return queryset.filter(batch.keys, Exists(same))

    def not_done(self, batch: Batch) -> QuerySet:
        """The batch's items that this run has not acted on, over the joined debt."""
        done = actions_of_run(batch.run.pk).filter(
            subscription__gte=batch.first_key, subscription__lte=batch.last_key
        )
        left = Subscription.objects.filter(batch.keys, pk__in=batch.items().values("subject_id"))
        return self.with_debt(left.exclude(pk__in=done.values("subscription"))).values("pk")

    def exclude(self, batch: Batch, subjects: QuerySet) -> int:
        """Excludes subjects annotated with their `verdict`."""
        outcome = Case(
            When(verdict__in=sorted(self.error_codes), then=Value("error")),
            default=Value("skipped"),
            output_field=CharField(),
        )
        return batch.exclude(subjects, outcome=outcome, code=F("verdict"))

    def with_facets(self, queryset: QuerySet, assignment: Assignment) -> QuerySet:
        """Adds what a preview groups by: keys of type, plan, rating and classification."""
        term = FilteredRelation("billing_terms", condition=valid_on(assignment.nominal_on, "billing_terms__"))
        facets = {f"facet_{name}": F(f"{path}_id") for name, (_, path) in FACETS.items()}
        return queryset.annotate(term=term).annotate(**facets)

    def item(self, assignment: Assignment) -> dict[str, Any]:
        """What every item of a list on subscriptions keeps, over the joined debt."""
        return {
            "item_owner_id": F("account_id"),
            "item_amount_minor": unsettled(),
            "item_currency": F("account__currency"),
            "item_calendar": self.calendar(assignment),
        }

    def calendar(self, assignment: Assignment) -> F | Value:
        """The country whose holidays hold an item back, where a definition goes by each customer's."""
        quiet = assignment.specification.quiet_times
        by_customer = quiet is not None and quiet.holidays == "customer"
        return F("account__customer__country") if by_customer else Value("")

    def proof(self, run_id: int, first_key: int, last_key: int, calendar: str | None) -> str:
        return proof_of_run(run_id, first_key, last_key, calendar)

    def base(self) -> QuerySet:
        return Subscription.objects.filter(life_cycle_state=State.EFFECTIVE)

    def names(self, subject_ids: Iterable[int]) -> dict[int, str]:
        return dict(Subscription.objects.filter(pk__in=list(subject_ids)).values_list("pk", "number"))

    def owner_names(self, owner_ids: Iterable[int]) -> dict[int, str]:
        return dict(Account.objects.filter(pk__in=list(owner_ids)).values_list("pk", "number"))

    def labels(self, subject_ids: Iterable[int]) -> dict[int, dict[str, str]]:
        found = Subscription.objects.filter(pk__in=list(subject_ids))
        columns = found.values_list("pk", "number", "account__number", "account__customer__name")
        return {
            pk: {"subscription": number, "account": owner, "customer": name}
            for pk, number, owner, name in columns
        }

    def facet_names(self, facet: str, keys: Iterable[int]) -> dict[int, str]:
        model, _ = FACETS[facet]
        return dict(model.objects.filter(pk__in=list(keys)).values_list("pk", "code"))

    def action_types(self) -> tuple[QuerySet, QuerySet]:
        types = ActionType.objects.filter(behaviour=self.behaviour)
        return types, SubActionType.objects.filter(action_type__in=types)

    def find(self, text: str) -> QuerySet:
        return Subscription.objects.filter(begins(Subscription, text))

    def jobs_of(self, run_id: int, subject_ids: Iterable[int]) -> dict[int, int]:
        return jobs_of_run(run_id, subject_ids)

    def select_undo(self, run: Run) -> QuerySet:
        item = RunItem.objects.filter(run_id=run.pk, subject_id=OuterRef("pk"))
        of_run = Q(actions__run_id=run.pk, actions__scheduled_on__isnull=True)
        acted = Subscription.objects.annotate(undone=FilteredRelation("actions", condition=of_run))
        return acted.filter(undone__run_id=run.pk).annotate(
            item_owner_id=F("account_id"),
            item_amount_minor=Subquery(item.values("amount_minor")),
            item_currency=Subquery(item.values("currency")),
            item_witness=F("undone__revision"),
            item_calendar=Value(""),
            item_evidence=Value(""),
        )

    def carry_out_undo(self, batch: Batch) -> int:
        same = batch.items().filter(subject_id=OuterRef("pk"), witness=OuterRef("revision"))
        chosen = Subscription.objects.filter(batch.keys, Exists(same), life_cycle_state=self.to_state)
        mass = MassAction(
            run_id=batch.run.pk,
            behaviour=self.undo_behaviour,
            from_state=self.to_state,
            reason_code=self.undo_reason_code,
            reason=batch.run.reason,
            at=batch.at,
            on=batch.assignment.today,
            grace_open=self.grace_after_undo,
            reactivates=True,
        )
        done = perform_many(chosen.values("pk"), mass, batch.keys)
        if done < batch.size:
            left = self.not_done(batch).annotate(verdict=Value("changed_since"))
            self.exclude(batch, left)
        return done


def _action_type_problems(specification: Specification, behaviour: Behaviour) -> list[Problem]:
    if specification.action_type is None:
        if known := custom_types(behaviour):
            codes = ", ".join(action_type.code for action_type in known)
            return [
                Problem(
                    "action_type",
                    f"is missing: there are action types of your own for {behaviour} ({codes})",
                    "action_type_missing",
                )
            ]
        return []
    try:
        action_type, sub_type = action_types(
            behaviour, specification.action_type, specification.sub_action_type or ""
        )
    except Refused as refused:
        return [Problem("action_type", refused.message, refused.code)]
    if action_type and sub_type is None and action_type.sub_types.exists():
        return [Problem("sub_action_type", f"is missing for {action_type.code}", "sub_action_type_missing")]
    return []


def _holiday_problems(specification: Specification) -> list[Problem]:
    quiet = specification.quiet_times
    if quiet is None or not quiet.holidays or quiet.holidays == "customer":
        return []
    country = organisation().country if quiet.holidays == "organisation" else quiet.holidays
    if country and has_holidays(country):
        return []
    message = f"no holidays are known for {country!r}" if country else "the organisation has no country"
    return [Problem("quiet_times.holidays", message, "unknown_country")]
