"""The form as it is shown: sections of inputs, each with what was typed, what was picked and what is wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from lapwing.backoffice.entry import schedule
from lapwing.backoffice.entry.content import OPTIONAL, criteria_inputs, main_inputs, safety_inputs
from lapwing.backoffice.entry.inputs import Input, leaves
from lapwing.core.errors import Problem, Refused
from lapwing.identity.queries import organisation
from lapwing.receivables.queries import currencies_in_use
from lapwing.runs.kinds import RunKind

SCHEDULE = ("method", "at", "start", "every", "unit", "end", "rule")
PLACES_OF_REFUSALS = {
    "code_in_use": "alternative_code",
    "code_missing": "alternative_code",
    "name_in_use": "name",
}


@dataclass(frozen=True)
class Asked:
    """One input with its present content."""

    input: Input
    value: str
    values: Sequence[str]
    ends: Sequence[tuple[str, str]] = ()  # of a span or of amounts: name, value
    picked: Sequence[tuple[str, str]] = ()  # codes with their names


@dataclass(frozen=True)
class Group:
    """The inputs of one criterion, or a single one without a title."""

    title: str
    fields: Sequence[Asked]

    @property
    def is_single(self) -> bool:
        return len(self.fields) == 1 and not self.title


@dataclass
class EntryForm:
    """What was typed for a kind, and what is wrong with it, beside each input."""

    kind: RunKind
    posted: QueryDict
    problems: dict[str, list[str]] = field(default_factory=dict)
    code_is_fixed: bool = False

    def tell(self, problems: Iterable[Problem]) -> None:
        """Puts each problem beside the input it is about; what is about none is told at the top, under ''."""
        paths = [each.path for each in self.inputs()] + [f"schedule.{name}" for name in SCHEDULE]
        for problem in problems:
            self.problems.setdefault(_place(problem.field, paths), []).append(problem.message)

    def tell_refusal(self, refusal: Refused) -> None:
        self.problems.setdefault(PLACES_OF_REFUSALS.get(refusal.code, ""), []).append(refusal.message)

    def inputs(self) -> list[Input]:
        asked = [*_head(), *main_inputs(self.kind), *criteria_inputs(self.kind), *safety_inputs(self.kind)]
        return [leaf for each in (*asked, *OPTIONAL) for leaf in leaves(each)]

    @property
    def places(self) -> list[str]:
        """Where a problem can be told."""
        return ["", *(each.path for each in self.inputs()), *(f"schedule.{name}" for name in SCHEDULE)]

    def main(self) -> list[Group]:
        return self._groups([*_head(), *main_inputs(self.kind)])

    def criteria(self) -> list[tuple[str, list[Group]]]:
        """By section, in the order in which the kind declares them."""
        by_section: dict[str, list[Input]] = {}
        for each in criteria_inputs(self.kind):
            by_section.setdefault(each.section or _("Criteria"), []).append(each)
        return [(section, self._groups(inputs)) for section, inputs in by_section.items()]

    def throttle(self) -> list[Group]:
        return self._groups(OPTIONAL[:1])

    def safety(self) -> list[Group]:
        return self._groups([*safety_inputs(self.kind), OPTIONAL[1]])

    def schedule(self) -> dict[str, Any]:
        """The choices of the builder, and what is chosen."""
        now = {name: self.posted.get(f"schedule.{name}", "") for name in (*SCHEDULE, *_BUILDER)}
        now["start"], now["at"] = now["start"].replace(" ", "T"), now["at"].replace(" ", "T")
        return {
            **now,
            "method": now["method"] or "now",
            "ticked": self.posted.getlist("schedule.weekdays"),
            "methods": schedule.METHODS,
            "units": schedule.UNITS,
            "week": schedule.WEEKDAYS,
            "places": schedule.PLACES,
            "monthlies": schedule.MONTHLY,
            "endings": schedule.ENDS,
        }

    def _groups(self, inputs: Iterable[Input]) -> list[Group]:
        asked = [self._asked(leaf) for each in inputs for leaf in leaves(each)]
        grouped = groupby(asked, key=lambda each: each.input.group or each.input.path)
        groups = [list(each) for _, each in grouped]
        return [Group(each[0].input.group, each) for each in groups]

    def _asked(self, each: Input) -> Asked:
        values, ends = self.posted.getlist(each.path), []
        if each.sort == "span":
            ends = [(end, self.posted.get(f"{each.path}.{end}", "")) for end in ("from", "to")]
        if each.sort == "amounts":
            ends = [
                (each_one, self.posted.get(f"{each.path}.{each_one}", ""))
                for each_one in self._currencies(each)
            ]
        picked = self._picked(each, values) if each.sort in ("codes", "code") else []
        return Asked(each, values[-1] if values else "", values, ends, picked)

    def _currencies(self, each: Input) -> list[str]:
        typed = {name.rpartition(".")[2] for name in self.posted if name.startswith(f"{each.path}.")}
        return sorted({*currencies_in_use(), organisation().currency, *typed})

    def _picked(self, each: Input, codes: list[str]) -> list[tuple[str, str]]:
        """A code that no longer exists is shown all the same: the rules say what is wrong with it."""
        written = [code for code in dict.fromkeys(codes) if code]
        if not written:
            return []
        names = dict(entries_of(self.kind, each.path).filter(code__in=written).values_list("code", "name"))
        return [(code, names.get(code, "")) for code in written]


_BUILDER = ("interval", "monthly", "day", "place", "weekday", "ends", "until", "count")


def _head() -> list[Input]:
    hint = _("Empty: the initials of the name.")
    return [Input("name", "text", _("Name")), Input("alternative_code", "text", _("Code"), hint)]


def entries_of(kind: RunKind, path: str) -> QuerySet:
    """The catalogue that an input's codes are of. Raises Refused `unknown_input`."""
    types = kind.action_types()
    if types and path in ("action_type", "sub_action_type"):
        return types[path == "sub_action_type"]
    for each in criteria_inputs(kind):
        for leaf in leaves(each):
            if leaf.path == path and leaf.entries:
                return leaf.entries.objects.all()
    raise Refused("unknown_input", f"{kind.label} has no input {path!r} with a catalogue")


def _place(name: str, paths: Sequence[str]) -> str:
    """The input that a problem's field is, is within, or holds; '' for none."""
    parts = name.split(".")
    if parts[0] == "schedule":  # the file's method stands between
        name = ".".join(("schedule", parts[-1])) if len(parts) > 2 else "schedule"
    within = [path for path in paths if name == path or name.startswith(f"{path}.")]
    holds = [path for path in paths if path.startswith(f"{name}.")]
    return max(within, key=len) if within else holds[0] if holds else ""
