"""Creates or edits a definition as one who saw it on a screen: never another than he saw, nor over another's change."""

from typing import Any

from django.db import IntegrityError, transaction

from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.runs.actions.apply_definition import Applied, checked, create, edit
from lapwing.runs.definitions import find, refuse_other
from lapwing.runs.models import Definition


def create_definition(content: dict[str, Any]) -> Applied:
    """`content` is a definition file; one that exists is never touched.

    Raises Invalid with every wrong field, Refused `code_in_use`, `name_in_use`, `code_missing`.
    """
    try:
        with transaction.atomic():
            require(Permission.EDIT_DEFINITIONS)
            head, specification = checked(content)
            return create(head, specification.content())
    except IntegrityError as error:
        raise Refused("code_in_use", "its name or code has just been taken by another definition") from error


def edit_definition(code: str, content: dict[str, Any], *, seen: str) -> Applied:
    """Edits the definition of this code; `seen` is its mark from when it was shown.

    Raises Invalid with every wrong field, Refused `edited_meanwhile`, `name_in_use`, `kind_fixed`.
    """
    try:
        with transaction.atomic():
            require(Permission.EDIT_DEFINITIONS)
            definition = Definition.objects.select_for_update().get(pk=find(code).pk)
            head, specification = checked({**content, "alternative_code": definition.alternative_code})
            refuse_other(definition, seen)
            return edit(definition, head, specification.content())
    except IntegrityError as error:
        raise Refused("name_in_use", "its name has just been taken by another definition") from error
