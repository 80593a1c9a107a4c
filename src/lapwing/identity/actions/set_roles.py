"""Gives a user exactly these roles."""

from collections.abc import Collection

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.models import User, UserRole
from lapwing.identity.permissions import Permission, Role
from lapwing.identity.queries import require
from lapwing.identity.users import lock_user, refuse_last_administrator, refuse_own, roles_of


@transaction.atomic
def set_roles(name: str, roles: Collection[str], *, reason: str = "") -> User:
    """They hold from the next request on. The same again changes nothing.

    Raises Refused `not_permitted`, `unknown_user`, `unknown_role`, `own_user`, `last_administrator`.
    """
    require(Permission.ADMINISTER)
    unknown = sorted(set(roles) - set(Role.values))
    if unknown:
        raise Refused(
            "unknown_role", f"there is no role {unknown[0][:40]!r}; known: {', '.join(Role.values)}"
        )
    user = lock_user(name)
    before, after = roles_of(user), sorted(set(roles))
    if before == after:
        return user
    refuse_own(user)
    refuse_last_administrator(user, keeps=after)
    user.roles.exclude(role__in=after).delete()
    for role in sorted(set(after) - set(before)):
        UserRole(user=user, role=role).save()
    record(
        "user.roles",
        kind="user",
        subject_id=user.pk,
        subject=name,
        reason=reason,
        before={"roles": before},
        after={"roles": after},
    )
    return user
