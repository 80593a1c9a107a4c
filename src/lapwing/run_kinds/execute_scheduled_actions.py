"""Executes the actions that were planned for the run's date or earlier.

Each has a behaviour of its own, so a batch goes through them one by one, in the order of their days; one that is no
longer legal is rejected and told as an error. Batches are small, because one holds its locks while it works.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.errors import Problem, Refused
from lapwing.core.sql import lock_in_key_order
from lapwing.customers.models import Customer
from lapwing.receivables.models import Account
from lapwing.run_kinds.criterion import criteria_model
from lapwing.runs.kinds import Assignment, Batch, Check, Explanation, RunKind, kinds
from lapwing.runs.specification import Specification
from lapwing.subscriptions.actions.perform import execute
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from lapwing.subscriptions.proof import proof_of_actions
from lapwing.subscriptions.queries import subscription as find
from lapwing.subscriptions.states import State

DISCONNECTS = (Behaviour.DEACTIVATE, Behaviour.SHORT_TERM_DEACTIVATE)
# No run ever disconnects these, also not because a person planned it before they were flagged.
PROTECTED = Case(
    When(behaviour__in=DISCONNECTS, subscription__never_disconnect=True, then=Value("never_disconnect")),
    When(behaviour__in=DISCONNECTS, subscription__free=True, then=Value("free")),
    default=Value(""),
    output_field=CharField(),
)


def _why_not(action: SubscriptionAction, subscription: Subscription) -> str:
    """Why a planned action is skipped; '' where it may be executed."""
    if action.state != "scheduled":
        return "no_longer_scheduled"
    disconnects = action.behaviour in DISCONNECTS
    if disconnects and subscription.never_disconnect:
        return "never_disconnect"
    if disconnects and subscription.free:
        return "free"
    planned = SubscriptionAction.objects.filter(subscription=subscription, state="scheduled")
    day = action.scheduled_on
    earlier = planned.filter(Q(scheduled_on__lt=day) | Q(scheduled_on=day, pk__lt=action.pk))
    return "earlier_action_first" if earlier.exists() else ""


class ExecuteScheduledActions(RunKind):
    """The subject is the planned action; its owner is the account of its subscription."""

    name = "execute_scheduled_actions"
    label = "Execute scheduled actions"
    subject_kind = "action"
    subject_column = "subscription"
    owner_kind = "account"
    Criteria = criteria_model()
    sample_order = (Customer, "name")
    error_codes = frozenset({"action_rejected", "action_failed"})
    batch_size = 200
    can_undo = False

    def problems(self, specification: Specification) -> list[Problem]:
        return []

    def _due(self, assignment: Assignment) -> QuerySet:
        return SubscriptionAction.objects.filter(state="scheduled", scheduled_on__lte=assignment.nominal_on)

    def _item(self) -> dict:
        return {
            "item_owner_id": F("subscription__account_id"),
            "item_amount_minor": Value(0),
            "item_currency": F("subscription__account__currency"),
            "item_calendar": Value(""),
        }

    def select(self, assignment: Assignment) -> QuerySet:
        return self._due(assignment).annotate(**self._item(), item_witness=Value(0), item_evidence=Value(""))

    def judge(self, assignment: Assignment) -> QuerySet:
        return self._due(assignment).annotate(
            **self._item(), label=F("subscription__account__customer_id"), verdict=PROTECTED
        )

    def lock(self, batch: Batch) -> None:
        actions = self._actions(batch)
        subscriptions = Subscription.objects.filter(pk__in=actions.values("subscription"))
        lock_in_key_order(Account.objects.filter(pk__in=subscriptions.values("account")))
        lock_in_key_order(subscriptions)

    def _actions(self, batch: Batch) -> QuerySet:
        return SubscriptionAction.objects.filter(batch.keys, pk__in=batch.items().values("subject_id"))

    def carry_out(self, batch: Batch) -> int:
        return sum(
            self._execute(batch, action) for action in self._actions(batch).order_by("scheduled_on", "pk")
        )

    def _execute(self, batch: Batch, action: SubscriptionAction) -> bool:
        subscription = Subscription.objects.select_related("account").get(pk=action.subscription_id)
        if code := _why_not(action, subscription):
            batch.exclude_one(action.pk, outcome="skipped", code=code)
            return False
        action.run_id = batch.run.pk
        try:
            with transaction.atomic():
                execute(subscription, action)
        except Refused as refused:
            action.refresh_from_db()
            action.state, action.rejection, action.run_id = "rejected", str(refused), batch.run.pk
            action.save(update_fields=["state", "rejection", "run_id"])
            batch.exclude_one(action.pk, outcome="error", code="action_rejected", description=str(refused))
            return False
        return True

    def proof(self, run_id: int, first_key: int, last_key: int, calendar: str | None) -> str:
        return proof_of_actions(run_id, first_key, last_key)

    def base(self) -> QuerySet:
        return Subscription.objects.filter(life_cycle_state=State.EFFECTIVE)

    def names(self, subject_ids: Iterable[int]) -> dict[int, str]:
        found = SubscriptionAction.objects.filter(pk__in=list(subject_ids))
        return dict(found.values_list("pk", "subscription__number"))

    def owner_names(self, owner_ids: Iterable[int]) -> dict[int, str]:
        return dict(Account.objects.filter(pk__in=list(owner_ids)).values_list("pk", "number"))

    def labels(self, subject_ids: Iterable[int]) -> dict[int, dict[str, str]]:
        found = SubscriptionAction.objects.filter(pk__in=list(subject_ids)).select_related(
            "subscription__account__customer"
        )
        return {
            action.pk: {
                "subscription": action.subscription.number,
                "account": action.subscription.account.number,
                "customer": action.subscription.account.customer.name,
            }
            for action in found
        }

    def explain(self, assignment: Assignment, number: str) -> Explanation:
        """Of a subscription: whether it has an action that would be executed."""
        subscription = find(number)
        due = self._due(assignment).filter(subscription=subscription).order_by("scheduled_on", "pk").first()
        planned = SubscriptionAction.objects.filter(subscription=subscription, state="scheduled")
        found = ", ".join(f"{action.behaviour} on {action.scheduled_on}" for action in planned) or "none"
        code = _why_not(due, subscription) if due else ""
        check = Check(
            "scheduled_action", f"one planned until {assignment.nominal_on}", found, due is not None
        )
        return Explanation(
            subject=number,
            selected=due is not None,
            outcome="not_selected" if due is None else "skipped" if code else "done",
            code=code,
            amount_minor=0,
            currency=subscription.account.currency,
            criteria=[check],
        )


kinds.register(ExecuteScheduledActions())
