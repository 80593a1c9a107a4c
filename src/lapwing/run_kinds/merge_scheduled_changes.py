"""Asks for the merge of every scheduled license change whose day has come and that nobody has asked for.

Each change has its own job from the day it was planned; this run catches what was imported, and what was missed.
"""

from collections.abc import Iterable

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from lapwing.core.errors import Problem
from lapwing.core.sql import lock_in_key_order, rows, table, text
from lapwing.customers.models import Customer
from lapwing.jobs.models import KEY_HELD, Job
from lapwing.receivables.models import Account
from lapwing.run_kinds.criterion import criteria_model
from lapwing.runs.kinds import Assignment, Batch, Check, Explanation, RunKind, kinds
from lapwing.runs.models import RunExclusion, RunItem
from lapwing.runs.specification import Specification
from lapwing.subscriptions.merge_jobs import MERGE, ask_for_merges, merge_key_of
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, Subscription
from lapwing.subscriptions.queries import subscription as find

Status = ScheduledLicenseChangeLog.Status


class MergeScheduledChanges(RunKind):
    """The subject is the scheduled change; its owner is the account of its subscription."""

    name = "merge_scheduled_changes"
    label = "Merge scheduled license changes"
    subject_kind = "scheduled_change"
    subject_column = "subscription"
    owner_kind = "account"
    Criteria = criteria_model()
    sample_order = (Customer, "name")
    batch_size = 500
    can_undo = False
    leaves_actions = False

    def problems(self, specification: Specification) -> list[Problem]:
        return []

    def select(self, assignment: Assignment) -> QuerySet:
        return self._due(assignment).annotate(**_item(), item_witness=Value(0), item_evidence=Value(""))

    def judge(self, assignment: Assignment) -> QuerySet:
        return self._due(assignment).annotate(
            **_item(), label=F("subscription__account__customer_id"), verdict=_verdict()
        )

    def lock(self, batch: Batch) -> None:
        lock_in_key_order(self._changes(batch))

    def carry_out(self, batch: Batch) -> int:
        changes = self._changes(batch).annotate(verdict=_verdict())
        left = changes.exclude(verdict="")
        skipped = batch.exclude(left, outcome=text("skipped"), code=F("verdict"))
        excluded = RunExclusion.objects.filter(run_id=batch.run.pk, subject_id=OuterRef("pk"))
        ask_for_merges(self._changes(batch).filter(~Exists(excluded)))
        return batch.size - skipped

    def proof(self, run_id: int, first_key: int, last_key: int, calendar: str | None) -> str:
        """Whom the run asked for; what became of it, the jobs tell."""
        found = rows(
            f"SELECT i.subject_id FROM {table(RunItem)} i LEFT JOIN {table(RunExclusion)} e "
            "ON e.run_id = i.run_id AND e.subject_id = i.subject_id "
            "WHERE i.run_id = %s AND i.subject_id BETWEEN %s AND %s AND e.run_id IS NULL ORDER BY i.subject_id",
            [run_id, first_key, last_key],
        )
        return "\n".join(str(key) for (key,) in found)

    def base(self) -> QuerySet:
        return ScheduledLicenseChangeLog.objects.filter(status=Status.PENDING)

    def names(self, subject_ids: Iterable[int]) -> dict[int, str]:
        found = ScheduledLicenseChangeLog.objects.filter(pk__in=list(subject_ids))
        return dict(found.values_list("pk", "subscription__number"))

    def owner_names(self, owner_ids: Iterable[int]) -> dict[int, str]:
        return dict(Account.objects.filter(pk__in=list(owner_ids)).values_list("pk", "number"))

    def labels(self, subject_ids: Iterable[int]) -> dict[int, dict[str, str]]:
        found = ScheduledLicenseChangeLog.objects.filter(pk__in=list(subject_ids))
        columns = (
            "pk",
            "subscription__number",
            "subscription__account__number",
            "subscription__account__customer__name",
        )
        return {
            pk: {"subscription": number, "account": account, "customer": customer}
            for pk, number, account, customer in found.values_list(*columns)
        }

    def explain(self, assignment: Assignment, number: str) -> Explanation:
        """Of a subscription: whether it has a change that would be asked for."""
        subscription: Subscription = find(number)
        pending = self.base().filter(subscription=subscription).order_by("effective_on", "pk")
        due = self._due(assignment).filter(subscription=subscription).annotate(verdict=_verdict())
        first = due.order_by("verdict", "effective_on", "pk").first()
        found = ", ".join(f"{each.change} on {each.effective_on}" for each in pending) or "none"
        check = Check(
            "scheduled_change", f"one planned until {assignment.nominal_on}", found, first is not None
        )
        code = first.verdict if first else ""
        return Explanation(
            subject=number,
            selected=first is not None,
            outcome="not_selected" if first is None else "skipped" if code else "done",
            code=code,
            amount_minor=0,
            currency=subscription.account.currency,
            criteria=[check],
        )

    def _due(self, assignment: Assignment) -> QuerySet:
        return ScheduledLicenseChangeLog.objects.filter(
            status=Status.PENDING, effective_on__lte=assignment.nominal_on
        )

    def _changes(self, batch: Batch) -> QuerySet:
        return ScheduledLicenseChangeLog.objects.filter(batch.keys, pk__in=batch.items().values("subject_id"))


def _item() -> dict:
    return {
        "item_owner_id": F("subscription__account_id"),
        "item_amount_minor": Value(0),
        "item_currency": F("subscription__account__currency"),
        "item_calendar": Value(""),
    }


def _verdict() -> Case:
    asked = Job.objects.filter(KEY_HELD, type=MERGE, deduplication_key=merge_key_of(OuterRef("pk")))
    return Case(
        When(~Q(status=Status.PENDING), then=Value("no_longer_scheduled")),
        When(Exists(asked), then=Value("already_asked")),
        default=Value(""),
        output_field=CharField(),
    )


kinds.register(MergeScheduledChanges())
