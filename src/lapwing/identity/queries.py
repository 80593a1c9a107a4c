"""Reads of the organisation and of what its users may do."""

from datetime import date

from lapwing.core import clock
from lapwing.core.context import SYSTEM, actor
from lapwing.core.errors import Refused
from lapwing.identity.models import Organisation, User
from lapwing.identity.permissions import GRANTS, Permission


def organisation() -> Organisation:
    """Raises Refused `not_initialised` before `lapwing init`."""
    found = Organisation.objects.filter(pk=1).first()
    if found is None:
        raise Refused("not_initialised", "this database has no organisation yet; run: lapwing init")
    return found


def today() -> date:
    """The business date in the organisation's zone."""
    return clock.today(organisation().zone)


def permissions_of(username: str) -> set[Permission]:
    """All that the roles of an active user allow; the system itself may do everything."""
    if username == SYSTEM:
        return set(Permission)
    roles = User.objects.filter(username=username, is_active=True, roles__isnull=False)
    return set().union(*(GRANTS[role] for role in roles.values_list("roles__role", flat=True)))


def require(permission: Permission) -> None:
    """Raises Refused `not_permitted` unless the present actor's roles allow it."""
    name = actor()
    if permission not in permissions_of(name):
        needed = ", ".join(role for role, granted in GRANTS.items() if permission in granted)
        raise Refused(
            "not_permitted",
            f"user {name} may not {permission.replace('_', ' ')}; needed is one of the roles {needed} "
            f"(an administrator gives it: lapwing user add {name} --role ROLE)",
        )
