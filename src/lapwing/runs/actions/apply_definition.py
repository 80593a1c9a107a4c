"""Creates a definition, edits it in place or as a new version, or leaves it when nothing changed."""

import re
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Invalid, Problem, Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.runs.definitions import differences, latest, read
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Definition, DefinitionVersion
from lapwing.runs.specification import Specification

HEAD = ("kind", "name", "alternative_code")


@dataclass(frozen=True)
class Applied:
    definition: Definition
    version: int
    changed: str  # created, edited, new_version, renamed, unchanged


def apply_definition(content: dict[str, Any]) -> Applied:
    """`content` is a definition file. Found by alternative code; without one, by exact name.

    Raises Invalid with every wrong field, Refused `code_in_use`, `name_in_use`, `kind_fixed`.
    """
    try:
        return _apply(content)
    except IntegrityError as error:
        raise Refused("code_in_use", "its name or code has just been taken by another definition") from error


@transaction.atomic
def _apply(content: dict[str, Any]) -> Applied:
    require(Permission.EDIT_DEFINITIONS)
    head, specification = checked(content)
    code = head["alternative_code"]
    existing = Definition.objects.filter(**({"alternative_code": code} if code else {"name": head["name"]}))
    definition = existing.select_for_update().first()
    if definition is None:
        return create(head, specification.content())
    return edit(definition, head, specification.content())


def checked(content: dict[str, Any]) -> tuple[dict[str, str], Specification]:
    """What a definition file says, read and checked. Raises Invalid with every wrong field of all its parts."""
    head, problems = _head(content)
    specification = None
    if "kind" in head:
        try:
            body = {key: value for key, value in content.items() if key not in HEAD}
            specification = read(kinds.get(head["kind"]), body)
        except Invalid as invalid:
            problems += invalid.problems
    if problems or specification is None:
        raise Invalid("invalid_definition", "the definition is not valid", problems)
    return head, specification


def initials(name: str) -> str:
    """The first letters of the words, in capitals: Annual price review -> APR."""
    return "".join(word[0] for word in re.findall(r"\w+", name)).upper()


def _head(content: dict[str, Any]) -> tuple[dict[str, str], list[Problem]]:
    problems: list[Problem] = []
    head: dict[str, str] = {}
    for key in HEAD:
        value = content.get(key)
        if value is None and key == "alternative_code":
            value = ""
        if not isinstance(value, str) or (key != "alternative_code" and not value.strip()):
            message = "is missing" if value is None else f"expected a text, found {str(value)[:40]!r}"
            problems.append(Problem(key, message, "missing" if value is None else "not_a_text"))
            continue
        head[key] = value.strip()
    if len(head.get("name", "")) > 200:
        problems.append(Problem("name", "is longer than 200 characters", "too_long"))
    if not re.fullmatch(r"(\w[\w.-]{0,49})?", head.get("alternative_code", "")):
        problems.append(
            Problem(
                "alternative_code",
                "up to 50 letters, digits and . - _; the first no . or -",
                "bad_code",
            )
        )
    return head, problems


def create(head: dict[str, str], content: dict[str, Any]) -> Applied:
    """Writes a new definition, version 1. Raises Refused `code_in_use`, `name_in_use`, `code_missing`."""
    code = head["alternative_code"] or initials(head["name"])[:50]
    if not code:
        raise Refused(
            "code_missing", f"no code can be made of the name {head['name']!r}; give an alternative_code"
        )
    if Definition.objects.filter(alternative_code=code).exists():
        raise Refused(
            "code_in_use",
            f"the code {code} of {head['name']!r} is in use by another definition; give an alternative_code",
        )
    _refuse_name_in_use(head["name"], None)
    definition = Definition(kind=head["kind"], name=head["name"], alternative_code=code)
    definition.save()
    DefinitionVersion(definition=definition, version=1, content=content).save()
    _record("definition.create", definition, 1, {}, content)
    return Applied(definition, 1, "created")


def edit(definition: Definition, head: dict[str, str], content: dict[str, Any]) -> Applied:
    """Changes a locked definition in place, or as its next version where a run refers to the latest."""
    if definition.kind != head["kind"]:
        raise Refused(
            "kind_fixed",
            f"{definition.alternative_code} is of the kind {definition.kind}, which cannot change",
        )
    current = latest(definition)
    renamed = definition.name != head["name"]
    if renamed:
        _refuse_name_in_use(head["name"], definition.pk)
        _record(
            "definition.rename",
            definition,
            current.version,
            {"name": definition.name},
            {"name": head["name"]},
        )
        definition.name = head["name"]
        definition.save()
    changes = differences(current.content, content)
    if not changes:
        return Applied(definition, current.version, "renamed" if renamed else "unchanged")
    before = {name: old for name, old, _ in changes}
    after = {name: new for name, _, new in changes}
    if current.runs.exists():
        number = current.version + 1
        DefinitionVersion(definition=definition, version=number, content=content).save()
        _record("definition.new_version", definition, number, before, after)
        return Applied(definition, number, "new_version")
    current.content = content
    current.save()
    _record("definition.edit", definition, current.version, before, after)
    return Applied(definition, current.version, "edited")


def _refuse_name_in_use(name: str, pk: int | None) -> None:
    if Definition.objects.filter(name=name).exclude(pk=pk).exists():
        raise Refused("name_in_use", f"the name {name!r} is in use by another definition")


def _record(action: str, definition: Definition, version: int, before: dict, after: dict) -> None:
    record(
        action,
        kind="definition",
        subject_id=definition.pk,
        subject=definition.alternative_code,
        before=before,
        after={**after, "version": version, "edited_by": actor()},
    )
