"""Signs a user out: everywhere, everywhere else, or at one place."""

from allauth.usersessions.models import UserSession
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.models import User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.identity.users import lock_user


@transaction.atomic
def end_sessions(name: str, *, except_key: str = "") -> int:
    """All of them, but for the one with this key; one's own, or anybody's for an administrator. Returns how many
    ended. Raises Refused `not_permitted`, `unknown_user`.
    """
    _may(name)
    user = lock_user(name)
    ended = end_all(user, except_key=except_key)
    if ended:
        _record(user, ended)
    return ended


@transaction.atomic
def end_session(name: str, session: int) -> None:
    """One of them. Raises Refused `not_permitted`, `unknown_user`, `unknown_session`."""
    _may(name)
    user = lock_user(name)
    found = UserSession.objects.filter(user=user, pk=session).first()
    if found is None:
        raise Refused("unknown_session", f"{name} has no such session; it may have ended already")
    found.end()
    _record(user, 1)


def end_all(user: User, *, except_key: str = "") -> int:
    """As part of another action, which tells of it."""
    sessions = list(UserSession.objects.filter(user=user).exclude(session_key=except_key))
    for session in sessions:
        session.end()
    return len(sessions)


def _may(name: str) -> None:
    if name != actor():
        require(Permission.ADMINISTER)


def _record(user: User, ended: int) -> None:
    record(
        "user.sessions_ended", kind="user", subject_id=user.pk, subject=user.username, after={"ended": ended}
    )
