"""Reads a definition file, YAML or JSON, into one mapping. What its keys mean is decided elsewhere."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from lapwing.core.errors import Refused
from lapwing.exchange.strict_yaml import MAX_DEPTH, StrictLoader, in_words

MAX_BYTES = 1_000_000


class _Wrong(ValueError):
    """What is wrong, in words."""


def read_definition_file(path: Path) -> dict[str, Any]:
    """Dates and instants stay what YAML makes of them; JSON has texts there.

    Raises Refused `bad_definition_file`, naming the file and, where there is one, the line and column: no
    file, larger than 1 MB, not UTF-8, not one mapping with texts as keys, a key twice, an anchor, a tag.
    """
    path = Path(path)
    try:
        content = _parsed(_text(path))
        if not isinstance(content, dict):
            raise _Wrong("expected one mapping, that is lines like 'name: Nightly grace cut'")
        _check_values(content, "")
    except _Wrong as error:
        raise Refused("bad_definition_file", f"definition file {str(path)!r}: {error}") from None
    return content


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _Wrong(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_BYTES:
        raise _Wrong("is larger than 1 MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _Wrong(f"line {line} is not UTF-8; save the file in that encoding") from None


def _parsed(text: str) -> Any:
    """JSON where the file is JSON, else YAML, whose flow mappings also begin with a brace."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_without_repetition)
        except json.JSONDecodeError:
            pass
        except RecursionError:
            raise _Wrong(f"is nested more than {MAX_DEPTH} deep") from None
        except _Wrong:
            raise
        except ValueError:
            raise _Wrong("has a number with too many digits") from None
    try:
        return yaml.load(text, Loader=StrictLoader)  # a safe loader
    except yaml.YAMLError as error:
        raise _Wrong(in_words(error)) from None


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Wrong(f"the key {key[:80]!r} is there twice")
        found[key] = value
    return found


def _check_values(value: Any, place: str, depth: int = 1) -> None:
    """No database keeps half a character or NUL, and no rule compares with a number that is none."""
    if depth > MAX_DEPTH + 1:
        raise _Wrong(f"is nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_values(key, place, depth + 1)
            _check_values(inner, f"{place}.{key}" if place else key, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner, place, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _Wrong(f"{place[:80]!r}: {value} is not a number that can be compared")
    elif isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise _Wrong(f"{place[:80]!r} has a character in it that cannot be stored")
