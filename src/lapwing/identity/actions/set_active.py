"""Lets a user in, or keeps him out. A user is never deleted: the audit names him."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.identity.actions.end_sessions import end_all
from lapwing.identity.models import User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.identity.users import lock_user, refuse_last_administrator, refuse_own


@transaction.atomic
def deactivate_user(name: str) -> User:
    """His sessions end, on the command line too. Raises Refused `not_permitted`, `unknown_user`, `own_user`,
    `last_administrator`.
    """
    require(Permission.ADMINISTER)
    user = lock_user(name)
    if not user.is_active:
        return user
    refuse_deactivation(user)
    end_all(user)
    return _write(user, "user.deactivate", active=False)


@transaction.atomic
def activate_user(name: str) -> User:
    """With the roles and the password that he had. Raises Refused `not_permitted`, `unknown_user`."""
    require(Permission.ADMINISTER)
    user = lock_user(name)
    return user if user.is_active else _write(user, "user.activate", active=True)


def refuse_deactivation(user: User) -> None:
    refuse_own(user)
    refuse_last_administrator(user)


def _write(user: User, action: str, *, active: bool) -> User:
    user.is_active = active
    user.save(update_fields=["is_active"])
    record(
        action,
        kind="user",
        subject_id=user.pk,
        subject=user.username,
        before={"active": not active},
        after={"active": active},
    )
    return user
