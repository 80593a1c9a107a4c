"""From what was posted to a definition file and back: nothing is judged here, what cannot be read stays a text."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from lapwing.backoffice.entry.inputs import Input, inputs_of, leaves
from lapwing.backoffice.entry.schedule import posted_schedule, read_schedule
from lapwing.runs.definitions import flat
from lapwing.runs.kinds import RunKind
from lapwing.runs.quiet_times import QuietTimes
from lapwing.runs.specification import Specification, Throttle

HEAD = ("name", "alternative_code")
MAIN = ("description", "action_type", "sub_action_type")
OPTIONAL = (
    Input("throttle", "section", "", model=Throttle),
    Input("quiet_times", "section", "", model=QuietTimes),
)
LONGEST = 10_000  # characters of one input that are read


def main_inputs(kind: RunKind) -> list[Input]:
    """Description and, where the kind performs an action, its types."""
    found = {each.path: each for each in inputs_of(Specification, only=MAIN)}
    types = [replace(found[name], sort="code") for name in MAIN[1:]] if kind.action_types() else []
    return [found["description"], *types]


def criteria_inputs(kind: RunKind) -> list[Input]:
    return list(inputs_of(kind.Criteria, "criteria."))


def safety_inputs(kind: RunKind) -> list[Input]:
    return list(inputs_of(kind.Safety, "safety."))


def read_content(kind: RunKind, posted: QueryDict) -> dict[str, Any]:
    """The definition file that says what was typed in."""
    content: dict[str, Any] = {"kind": kind.name, **{name: _text(posted, name) for name in HEAD}}
    content |= _read(main_inputs(kind), posted)
    content["criteria"] = _read(criteria_inputs(kind), posted)
    content["safety"] = _read(safety_inputs(kind), posted)
    content["schedule"] = read_schedule(posted)
    return content | _read(OPTIONAL, posted)


def _read(inputs: Iterable[Input], posted: QueryDict) -> dict[str, Any]:
    found = {}
    for each in inputs:
        value = _value(each, posted)
        if value is not None:
            found[each.path.rpartition(".")[2]] = value
    return found


def _value(each: Input, posted: QueryDict) -> Any:
    """None where nothing was typed, so that the default counts."""
    if each.model is not None:
        within = list(inputs_of(each.model, f"{each.path}."))
        value = _read(within, posted)
        units = {inner.path.rpartition(".")[2] for inner in within if inner.sort == "choice"}
        return value if value.keys() - units else None
    if each.sort == "yes_no":
        return each.path in posted
    if each.sort in ("codes", "ticks"):
        return list(dict.fromkeys(code[:LONGEST] for code in posted.getlist(each.path))) or None
    if each.sort == "span":
        ends = [_text(posted, f"{each.path}.{end}") or "" for end in ("from", "to")]
        return ends if any(ends) else None
    if each.sort == "amounts":
        currencies = [name for name in posted if name.startswith(f"{each.path}.")]
        amounts = {name.rpartition(".")[2]: _text(posted, name) for name in currencies}
        return {currency: amount for currency, amount in amounts.items() if amount} or None
    text = _text(posted, each.path)
    return int(text) if text and each.sort == "whole" and re.fullmatch("-?[0-9]{1,12}", text) else text


def _text(posted: QueryDict, name: str) -> str | None:
    """Lines as files have them; no database keeps NUL."""
    text = posted.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()
    return text[: LONGEST + 1] or None


def as_posted(kind: RunKind, head: dict[str, str], content: dict[str, Any]) -> QueryDict:
    """A stored content as the form would post it."""
    posted = QueryDict(mutable=True)
    for name, value in head.items():
        posted[name] = value
    spans = {each.path for section in OPTIONAL for each in leaves(section) if each.sort == "span"}
    for path, value in flat({name: part for name, part in content.items() if name != "schedule"}).items():
        if path in spans and value:
            posted[f"{path}.from"], posted[f"{path}.to"] = value
        elif isinstance(value, list):
            posted.setlist(path, [str(each) for each in value])
        elif value is True:
            posted[path] = "on"
        elif value is not None and value is not False and value != {}:
            posted[path] = str(value)  # 0 is said, not left out
    posted_schedule(content["schedule"], posted)
    return posted
