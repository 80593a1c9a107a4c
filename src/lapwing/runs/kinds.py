"""What a run kind must bring: whom it selects, what protects them, and how one batch is carried out.

A new kind is one file in `run_kinds/` (or in a package of the same name of another installed app). The mechanism
never asks what a subject, an owner or an amount is.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Expression, Model, Q, QuerySet

from lapwing.core.errors import Problem
from lapwing.core.registry import Registry
from lapwing.core.sql import insert_select, text
from lapwing.runs import specification
from lapwing.runs.inputs import Section
from lapwing.runs.models import Run, RunExclusion, RunItem
from lapwing.runs.specification import Specification

# Annotations that a selection carries for each subject, named as the columns of RunItem.
ITEM_COLUMNS = ("owner_id", "amount_minor", "currency", "witness", "calendar", "evidence")


@dataclass(frozen=True)
class Assignment:
    """What a run is to do, and for which days."""

    specification: Specification
    nominal_on: date
    window_from: date  # the earliest date merged into this run
    today: date


@dataclass(frozen=True)
class Batch:
    """A stretch of a frozen list, inside the transaction that carries it out."""

    run: Run
    assignment: Assignment
    first_key: int
    last_key: int
    calendar: str
    size: int  # items
    at: datetime

    @property
    def keys(self) -> Q:
        """The range of subject keys, as a condition on the subjects themselves."""
        return Q(pk__gte=self.first_key, pk__lte=self.last_key)

    def items(self) -> QuerySet[RunItem]:
        """The items of this batch; batches of other calendars may lie in the same range of keys."""
        return RunItem.objects.filter(
            run_id=self.run.pk,
            subject_id__gte=self.first_key,
            subject_id__lte=self.last_key,
            calendar=self.calendar,
        )

    def exclude(self, subjects: QuerySet, *, outcome: Expression, code: Expression) -> int:
        """Keeps why subjects were not done; `subjects` are rows of the kind's model. Returns how many."""
        columns: dict[str, Any] = {
            "run_id": self.run.pk,
            "subject_id": "pk",
            "outcome": outcome,
            "code": code,
            "description": text(""),
        }
        return insert_select(RunExclusion, columns, subjects)

    def exclude_one(self, subject_id: int, *, outcome: str, code: str, description: str = "") -> None:
        RunExclusion.objects.create(
            run_id=self.run.pk,
            subject_id=subject_id,
            outcome=outcome,
            code=code,
            description=description,
        )


@dataclass(frozen=True)
class Check:
    """One criterion or protection as it was looked at: what was expected, what was found."""

    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Explanation:
    """Why one subject would or would not be acted on."""

    subject: str
    selected: bool
    outcome: str  # done, skipped, error, not_selected
    code: str
    amount_minor: int
    currency: str
    criteria: list[Check] = field(default_factory=list)
    protections: list[Check] = field(default_factory=list)


class RunKind(ABC):
    """Declared once per kind; the instance is registered under `name`."""

    name: str
    label: str
    subject_kind: str
    subject_column: str  # what the number of an item's subject is called
    owner_kind: str
    Criteria: type[Section]
    Safety: type[specification.Safety] = specification.Safety
    facets: tuple[str, ...] = ()
    sample_order: tuple[type[Model], str]  # the model `label` is a key of, and its field that samples go by
    error_codes: frozenset[str] = frozenset()  # codes that are errors; every other code is a skip
    batch_size = 10_000
    can_undo = True
    leaves_actions = True  # what it did to a subject is an executed action; else, a job that it asked for

    @abstractmethod
    def problems(self, specification: Specification) -> list[Problem]:
        """What is wrong with the inputs beyond their form: unknown codes, contradictions."""

    @abstractmethod
    def select(self, assignment: Assignment) -> QuerySet:
        """Subjects, one row each, annotated with `item_<column>` for each of ITEM_COLUMNS."""

    @abstractmethod
    def judge(self, assignment: Assignment) -> QuerySet:
        """The selection with `verdict` ('' = would be done, else a code), `facet_<name>` and `label` (a key)."""

    @abstractmethod
    def explain(self, assignment: Assignment, number: str) -> Explanation: ...

    @abstractmethod
    def lock(self, batch: Batch) -> None:
        """Locks owners, then subjects, each in key order."""

    @abstractmethod
    def carry_out(self, batch: Batch) -> int:
        """Acts on those for which everything still holds and excludes the others; returns how many were done."""

    @abstractmethod
    def proof(self, run_id: int, first_key: int, last_key: int, calendar: str | None) -> str:
        """The rows written for a batch as one text in key order; the audit keeps its hash. `calendar` is None where
        the run's batches do not interleave.
        """

    @abstractmethod
    def base(self) -> QuerySet:
        """The subjects of which the brake's percentage is taken."""

    @abstractmethod
    def names(self, subject_ids: Iterable[int]) -> dict[int, str]:
        """Numbers of subjects, as people know them."""

    @abstractmethod
    def owner_names(self, owner_ids: Iterable[int]) -> dict[int, str]:
        """Numbers of owners; of an item, the one whose amount was frozen."""

    @abstractmethod
    def labels(self, subject_ids: Iterable[int]) -> dict[int, dict[str, str]]:
        """What a sample shows of each subject: its number, its owner's, and whose it is by name."""

    def facet_names(self, facet: str, keys: Iterable[int]) -> dict[int, str]:
        """Codes of a facet's keys."""
        raise NotImplementedError(facet)

    def action_types(self) -> tuple[QuerySet, QuerySet] | None:
        """The action types and sub-action types that a definition may name; None where the kind performs no action."""
        return None

    def find(self, text: str) -> QuerySet | None:
        """Subjects whose number begins with a text, for a search in a list; None where there is no such search."""
        return None

    def jobs_of(self, run_id: int, subject_ids: Iterable[int]) -> dict[int, int]:
        """The number of the job that followed from what the run did to each subject; {} where none does."""
        return {}

    def select_undo(self, run: Run) -> QuerySet:
        """Subjects on which an earlier run acted, annotated as in `select`."""
        raise NotImplementedError(self.name)

    def carry_out_undo(self, batch: Batch) -> int:
        """Reverses those that have not changed since; excludes the others as `changed_since`."""
        raise NotImplementedError(self.name)


kinds: Registry[RunKind] = Registry("run kind", folder="run_kinds")
