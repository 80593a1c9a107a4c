"""Reads of the catalogue by code, with refusals that name what is known."""

from typing import TypeVar

from django.db.models import QuerySet

from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import ActionType, CatalogEntry, LifeCycle, Provider, SubActionType
from lapwing.core.errors import Refused

T = TypeVar("T", bound=CatalogEntry)


def entry(model: type[T], code: str) -> T:
    """Raises Refused `unknown_<model>`."""
    found = model.objects.filter(code=code).first()
    if found is None:
        what = model._meta.verbose_name
        raise Refused(f"unknown_{str(what).replace(' ', '_')}", f"there is no {what} {code!r}")
    return found


def effective_providers() -> QuerySet[Provider]:
    """Those that are offered where somebody chooses one."""
    return Provider.objects.filter(life_cycle_state=LifeCycle.EFFECTIVE).order_by("code")


def unknown_codes(model: type[CatalogEntry], codes: list[str]) -> list[str]:
    known = set(model.objects.filter(code__in=codes).values_list("code", flat=True))
    return [code for code in codes if code not in known]


def custom_types(behaviour: str) -> list[ActionType]:
    """The operator's own effective action types of a behaviour; none means the built-in one is used."""
    return list(ActionType.objects.filter(behaviour=behaviour, life_cycle_state=LifeCycle.EFFECTIVE))


def action_types(
    behaviour: Behaviour | str, type_code: str, sub_code: str
) -> tuple[ActionType | None, SubActionType | None]:
    """Raises Refused where a code is unknown, or of another behaviour or type."""
    action_type = entry(ActionType, type_code) if type_code else None
    if action_type and action_type.behaviour != behaviour:
        raise Refused(
            "wrong_behaviour", f"action type {type_code} is for {action_type.behaviour}, not for {behaviour}"
        )
    sub_type = entry(SubActionType, sub_code) if sub_code else None
    if sub_type and (action_type is None or sub_type.action_type_id != action_type.pk):
        raise Refused(
            "wrong_sub_type", f"sub-action type {sub_code} does not belong to {type_code or 'no type'}"
        )
    return action_type, sub_type
