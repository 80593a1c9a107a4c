"""Takes a user's second factor off, when his phone is lost; he sets up a new one when he signs in next."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.actions.end_sessions import end_all
from lapwing.identity.models import User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.identity.users import lock_user, refuse_own


@transaction.atomic
def reset_second_factor(name: str) -> User:
    """With the recovery codes; his sessions end. One's own is taken off with one's password, not here.

    Raises Refused `not_permitted`, `unknown_user`, `own_user`, `no_second_factor`.
    """
    require(Permission.ADMINISTER)
    user = lock_user(name)
    refuse_factor_reset(user)
    Authenticator.objects.filter(user=user).delete()
    end_all(user)
    record("user.second_factor_reset", kind="user", subject_id=user.pk, subject=name)
    return user


def refuse_factor_reset(user: User) -> None:
    refuse_own(user)
    if not Authenticator.objects.filter(user=user).exists():
        raise Refused("no_second_factor", f"{user.username} has no second factor; there is nothing to reset")
