"""What a version of a definition says, under the labels that its form has, so that one thing has one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.entry.content import OPTIONAL, criteria_inputs, main_inputs, safety_inputs
from lapwing.backoffice.entry.inputs import Input, leaves
from lapwing.backoffice.entry.schedule import METHODS
from lapwing.backoffice.templatetags.lapwing import count, day, day_pattern, locale, translated, words
from lapwing.runs.definitions import flat
from lapwing.runs.kinds import RunKind

EMPTY = (None, [], {}, "", False)
SCHEDULE: dict[str, Promise] = {
    "method": gettext_lazy("How often"),
    "at": gettext_lazy("At"),
    "start": gettext_lazy("First time, and time of day"),
    "every": gettext_lazy("Every"),
    "unit": gettext_lazy("Unit"),
    "end": gettext_lazy("Last day"),
    "rule": gettext_lazy("iCalendar recurrence rule"),
}


@dataclass(frozen=True)
class Place:
    """Where a value stands in the form; `input` is None for the schedule and for what is no longer asked for."""

    section: str
    label: str
    input: Input | None = None

    def told(self, value: Any) -> str:
        """In words; '' for what is empty."""
        if value is True:
            return _("yes")
        if value in EMPTY:
            return ""
        if isinstance(value, list):
            return ", ".join(str(capfirst(words(each)) if self._is("ticks") else each) for each in value)
        if self._is("choice"):
            return words(value)
        return count(value) if isinstance(value, int) else str(value)

    def _is(self, sort: str) -> bool:
        return self.input is not None and self.input.sort == sort


@dataclass(frozen=True)
class Said:
    """One value of a version with its place; `path` is as problems name it."""

    path: str
    section: str
    label: str
    value: str


def said(kind: RunKind, content: Mapping[str, Any]) -> dict[str, Said]:
    """What a version says by path, in the order of the form, without what was left empty."""
    places = _places(kind)
    order = {path: position for position, path in enumerate(places)}
    values = [(path, value) for path, value in flat(dict(content)).items() if value not in EMPTY]
    values.sort(key=lambda each: order.get(_known(each[0], places), len(order)))
    return {path: _said(path, value, places) for path, value in values}


def _said(path: str, value: Any, places: Mapping[str, Place]) -> Said:
    if path.startswith("schedule."):
        name = path.removeprefix("schedule.")
        return Said(path, _("Scheduling"), str(SCHEDULE.get(name, name)), _of_schedule(name, value))
    known = _known(path, places)
    found = places.get(known) or Place(_("Main information"), capfirst(words(path.replace(".", ": "))))
    if path != known:
        currency = path.rpartition(".")[2]
        return Said(
            path, found.section, found.label, format_currency(Decimal(value), currency, locale=locale())
        )
    return Said(path, found.section, found.label, found.told(value))


def _of_schedule(name: str, value: Any) -> str:
    if name == "method":
        return str(dict(METHODS).get(value, value))
    if name in ("at", "start"):
        return dateformat.format(datetime.fromisoformat(str(value)), f"{day_pattern()} H:i")
    if name == "end":
        return day(str(value))
    return words(value) if name == "unit" else count(value) if isinstance(value, int) else str(value)


def _known(path: str, places: Mapping[str, Place]) -> str:
    """The place of a path; an amount stands under its currency, one level below."""
    above = path.rpartition(".")[0]
    return above if path not in places and above in places else path


def _places(kind: RunKind) -> dict[str, Place]:
    safety = _("Safety and quiet times")
    found = {each.path: _place(each, _("Main information")) for each in main_inputs(kind)}
    for whole in criteria_inputs(kind):
        found |= {each.path: _place(each, whole.section or _("Criteria")) for each in leaves(whole)}
    found |= {f"schedule.{name}": Place(_("Scheduling"), str(label)) for name, label in SCHEDULE.items()}
    for whole, section in ((OPTIONAL[0], _("Throttling")), *((each, safety) for each in safety_inputs(kind))):
        found |= {each.path: _place(each, section) for each in leaves(whole)}
    return found | {each.path: _place(each, safety) for each in leaves(OPTIONAL[1])}


def _place(each: Input, section: str) -> Place:
    label = translated(each.label)
    return Place(translated(section), f"{translated(each.group)}: {label}" if each.group else label, each)
