"""Lets in whom the organisation's OpenID provider vouches for."""

from collections.abc import Collection

from django.db import transaction

from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.actions.set_roles import set_roles
from lapwing.identity.models import User
from lapwing.identity.permissions import Role

REASON = "as the OpenID provider says"


@transaction.atomic
def admit_known_user(name: str, roles: Collection[str] | None) -> User:
    """The user of this name, with exactly these roles; None leaves the roles as they are.

    Raises Refused `unknown_user`, `user_not_active`, `last_administrator`.
    """
    user = User.objects.filter(username=name).first()
    if user is None:
        raise Refused(
            "unknown_user", f"the provider knows you as {name[:150]!r}, and Lapwing has no user of this name"
        )
    if not user.is_active:
        raise Refused("user_not_active", f"user {name} is not active; an administrator can change that")
    if roles is not None:
        with acting_as(SYSTEM):
            set_roles(name, roles, reason=REASON)
    return user


@transaction.atomic
def admit_anybody(name: str, roles: Collection[str] | None) -> User:
    """As above, but makes a user who is not there yet, as a viewer where the provider tells no roles.

    Raises Refused `bad_user_name`, `no_role`, `user_not_active`, `last_administrator`.
    """
    if not User.objects.filter(username=name).exists():
        if roles is not None and not roles:
            raise Refused("no_role", f"the provider gives {name[:150]!r} no role of Lapwing")
        with acting_as(SYSTEM):
            for role in roles or [Role.VIEWER]:
                grant_role(name, role)
    return admit_known_user(name, roles)
