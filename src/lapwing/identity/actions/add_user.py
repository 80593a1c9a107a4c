"""Adds a user, or gives an existing one a further role."""

import re

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import SYSTEM
from lapwing.core.errors import Refused
from lapwing.identity.models import User, UserRole
from lapwing.identity.permissions import Permission, Role
from lapwing.identity.queries import require


@transaction.atomic
def add_user(name: str, role: str) -> User:
    """Raises Refused `unknown_role`, `bad_user_name`, `not_permitted`. Adding the same again changes nothing."""
    require(Permission.ADMINISTER)
    return grant_role(name, role)


def grant_role(name: str, role: str) -> User:
    """The same without asking who may: `init` makes its first administrator with it."""
    if role not in Role.values:
        raise Refused("unknown_role", f"there is no role {role!r}; known: {', '.join(Role.values)}")
    if not re.fullmatch(r"[\w.@+-]{1,150}", name) or name == SYSTEM:
        raise Refused(
            "bad_user_name",
            f"{name[:40]!r} is not a user name: letters, digits and . @ + - _ only, and not {SYSTEM!r}",
        )
    user, _ = User.objects.get_or_create(username=name)
    _, given = UserRole.objects.get_or_create(user=user, role=role)
    if given:
        record("user.role_given", kind="user", subject_id=user.pk, subject=name, after={"role": role})
    return user
