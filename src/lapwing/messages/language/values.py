"""Finds a value under its name, and says what may be printed."""

from datetime import date
from itertools import islice

from babel import Locale

from lapwing.messages.language.errors import BadValue, TemplateError, shown
from lapwing.messages.language.filters import Value, apply_filter, kind_of
from lapwing.messages.language.limits import MAX_INTEGER, MAX_OUTPUT_BYTES
from lapwing.messages.language.nodes import Output, Path

Names = dict[str, Value]
SHOWN_NAMES = 20


def find(path: Path, names: Names, source: str) -> Value:
    """Dictionary keys only. Raises TemplateError `template_unknown_name`, which lists the names there are."""
    value: Value = names
    for depth, part in enumerate(path.parts):
        if type(value) is not dict or part not in value:
            above = ".".join(path.parts[:depth]) or "this template"
            raise TemplateError(
                "template_unknown_name",
                f"there is no {shown(str(path))}; expected a name of {above}, which has {_names_in(value)}",
                source=source,
                at=path.at,
            )
        value = value[part]
    return value


def _names_in(value: Value) -> str:
    if type(value) is not dict:
        return f"no names ({kind_of(value)})"
    names = [key[:40] for key in islice(value, SHOWN_NAMES) if type(key) is str]
    return ", ".join(sorted(names)) or "no names"


def items(path: Path, names: Names, source: str) -> list[Value]:
    """Raises TemplateError `template_bad_value` where the name is no list."""
    found = find(path, names, source)
    if found is not None and type(found) is not list:
        problem = f"for expected a list, found {kind_of(found)} in {path}"
        raise TemplateError("template_bad_value", problem, source=source, at=path.at)
    return found or []


def written(output: Output, names: Names, source: str, locale: Locale) -> str:
    """The value with its filters applied, as text, not yet escaped."""
    value = find(output.path, names, source)
    at = output.at
    try:
        for call in output.filters:
            _bounded(value)
            at = call.at
            given = call.argument
            argument = find(given, names, source) if isinstance(given, Path) else given
            value = apply_filter(call.name, value, argument, locale)
        return _text(_bounded(value))
    except BadValue as error:
        problem = f"{output.path}: {error}"
        raise TemplateError("template_bad_value", problem, source=source, at=at) from None


def _bounded(value: Value) -> Value:
    """Refuses what could not be written anyway, before a filter works on it."""
    if type(value) is str and len(value) > MAX_OUTPUT_BYTES:
        raise BadValue(f"expected at most {MAX_OUTPUT_BYTES:,} characters, found {len(value):,}")
    return value


def _text(value: Value) -> str:
    if value is None:
        return ""
    if type(value) is str:
        return value
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return str(value)
    if type(value) is date:
        return value.isoformat()
    raise BadValue(f"expected text, a date or a whole number, found {kind_of(value)}")
