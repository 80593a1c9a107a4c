"""A definition and its versions as objects: read, parse, compare."""

from typing import Any

from lapwing.core.errors import Invalid, Refused
from lapwing.core.marks import mark
from lapwing.runs.kinds import RunKind, kinds
from lapwing.runs.models import Definition, DefinitionVersion
from lapwing.runs.specification import Specification, parse


def find(code: str) -> Definition:
    """By alternative code or unified code. Raises Refused `unknown_definition`."""
    found = Definition.objects.filter(alternative_code=code).first()
    if found is None and code.startswith("RD-") and code[3:].isdigit():
        found = Definition.objects.filter(pk=int(code[3:])).first()
    if found is None:
        raise Refused(
            "unknown_definition", f"there is no definition {code!r}; lapwing definition list shows all"
        )
    return found


def latest(definition: Definition) -> DefinitionVersion:
    return definition.versions.order_by("-version")[0]


def version(definition: Definition, number: int) -> DefinitionVersion:
    """Raises Refused `unknown_version`."""
    found = definition.versions.filter(version=number).first()
    if found is None:
        raise Refused("unknown_version", f"{definition.alternative_code} has no version {number}")
    return found


def read(kind: RunKind, content: dict[str, Any]) -> Specification:
    """Parses and checks everything, codes included. Raises Invalid with all problems."""
    specification = parse(content, criteria=kind.Criteria, safety=kind.Safety)
    if problems := kind.problems(specification):
        raise Invalid("invalid_definition", "the definition is not valid", sorted(set(problems)))
    return specification


def specification_of(version: DefinitionVersion) -> Specification:
    """The stored content, without asking again whether its codes exist."""
    kind = kinds.get(version.definition.kind)
    return parse(version.content, criteria=kind.Criteria, safety=kind.Safety)


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{'criteria': {'balance': {'more_than': '1'}}} -> {'criteria.balance.more_than': '1'}"""
    found: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Fields that differ between two contents: (field, in one, in the other)."""
    left, right = flat(one), flat(other)
    return [
        (name, left.get(name), right.get(name))
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ]


def seen_as(definition: Definition) -> str:
    """A short mark of what a definition says now; another after every change of it."""
    version = latest(definition)
    return f"{version.version}-{mark([definition.name, version.version, version.content])}"


def refuse_other(definition: Definition, seen: str) -> None:
    """Raises Refused `edited_meanwhile` where it does not say what the person has seen."""
    if seen != seen_as(definition):
        version = latest(definition)
        raise Refused(
            "edited_meanwhile",
            f"{definition.alternative_code} was changed by {version.updated_by} meanwhile (version "
            f"{version.version}); nothing was done: open it again and look at it as it is now",
        )
