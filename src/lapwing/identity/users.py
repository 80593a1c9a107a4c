"""Users as an administrator sees them, and what nobody may do to one."""

from collections.abc import Collection

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Exists, OuterRef, QuerySet

from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.models import Organisation, User, UserRole
from lapwing.identity.permissions import Role

SHOWN = 500


def users() -> QuerySet[User]:
    """By name, with their roles, and whether a second factor is set up (`second_factor`)."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    return User.objects.prefetch_related("roles").annotate(second_factor=Exists(factors)).order_by("username")


def user_named(name: str) -> User:
    """Raises Refused `unknown_user`."""
    found = users().filter(username=name).first()
    if found is None:
        raise Refused("unknown_user", f"there is no user {name[:150]!r}; lapwing user list shows all")
    return found


def lock_user(name: str) -> User:
    """Locks the organisation first, so that two administrators cannot remove each other in the same moment."""
    Organisation.objects.select_for_update().filter(pk=1).first()
    found = User.objects.select_for_update().filter(username=name).first()
    return found or user_named(name)


def roles_of(user: User) -> list[str]:
    return sorted(given.role for given in user.roles.all())


def sessions_of(user: User) -> list[UserSession]:
    """Those that are alive, the last used first."""
    alive = UserSession.objects.purge_and_list(user)
    return sorted(alive, key=lambda session: session.last_seen_at, reverse=True)


def refuse_own(user: User) -> None:
    """Raises Refused `own_user`: another administrator is to do it."""
    if user.username == actor():
        raise Refused(
            "own_user", f"{user.username} is you; another administrator changes your roles and your access"
        )


def refuse_last_administrator(user: User, *, keeps: Collection[str] = ()) -> None:
    """Raises Refused `last_administrator` where nobody would be left who could let others in."""
    if Role.ADMINISTRATOR in keeps or Role.ADMINISTRATOR not in roles_of(user):
        return
    others = UserRole.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True).exclude(user=user)
    if not others.exists():
        raise Refused(
            "last_administrator",
            f"{user.username} is the last active administrator; give that role to somebody else first",
        )
