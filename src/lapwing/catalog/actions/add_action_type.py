"""Adds an action type of the operator's own, with its sub-types."""

import re
from collections.abc import Iterable

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import ActionType, SubActionType
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


@transaction.atomic
def add_action_type(
    code: str, behaviour: str, *, name: str = "", sub_types: Iterable[str] = ()
) -> ActionType:
    """From now on definitions of that behaviour must choose one. Sub-types that exist already are kept.

    Raises Refused `unknown_behaviour`, `wrong_behaviour` (the code has another one), `bad_code`, `code_in_use`.
    """
    require(Permission.ADMINISTER)
    if behaviour not in Behaviour.values or behaviour == Behaviour.OPENING:
        raise Refused("unknown_behaviour", f"there is no behaviour {behaviour!r}")
    for each in (code, *sub_types):
        if not re.fullmatch(r"\w[\w.-]{0,99}", each):
            raise Refused("bad_code", f"{each[:40]!r} is no code: letters, digits and . - _ only")
    action_type = ActionType.objects.filter(code=code).first() or ActionType(code=code, behaviour=behaviour)
    if action_type.behaviour != behaviour:
        raise Refused("wrong_behaviour", f"action type {code} is for {action_type.behaviour}")
    action_type.name = name or action_type.name or code
    action_type.save()
    for each in sub_types:
        _add_sub_type(action_type, each)
    record(
        "catalog.add_action_type",
        kind="action_type",
        subject_id=action_type.pk,
        subject=code,
        after={"behaviour": behaviour, "sub_types": list(sub_types)},
    )
    return action_type


def _add_sub_type(action_type: ActionType, code: str) -> None:
    existing = SubActionType.objects.filter(code=code).first()
    if existing is None:
        SubActionType(code=code, name=code, action_type=action_type).save()
    elif existing.action_type != action_type:
        raise Refused("code_in_use", f"sub-action type {code} belongs to {existing.action_type.code}")
