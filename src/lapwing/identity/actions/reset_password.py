"""A link with which a user chooses a new password himself: it works once, and for a day."""

from dataclasses import dataclass

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from lapwing.audit.actions.record import record
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.end_sessions import end_all
from lapwing.identity.actions.set_password import set_password
from lapwing.identity.models import User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.identity.users import lock_user, refuse_own


@dataclass(frozen=True)
class PasswordLink:
    """The two parts of the link. It stops working with the next password, and after PASSWORD_RESET_TIMEOUT."""

    user: str
    token: str


@transaction.atomic
def reset_password(name: str) -> PasswordLink:
    """The old password stops working, and the sessions end. The link is kept nowhere, so it is shown once.

    Raises Refused `not_permitted`, `unknown_user`, `own_user`, `user_not_active`.
    """
    require(Permission.ADMINISTER)
    user = lock_user(name)
    refuse_own(user)
    if not user.is_active:
        raise Refused("user_not_active", f"{name} is not active; activate the user first")
    user.set_unusable_password()
    user.save(update_fields=["password"])
    end_all(user)
    record("user.password_reset", kind="user", subject_id=user.pk, subject=name)
    return PasswordLink(urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user))


def user_of_link(link: PasswordLink) -> User:
    """Raises Refused `link_used_up` for a link that was used, is too old, or was never given."""
    try:
        found = User.objects.filter(pk=int(urlsafe_base64_decode(link.user)), is_active=True).first()
    except (ValueError, OverflowError):
        found = None
    if found is None or not default_token_generator.check_token(found, link.token):
        raise Refused(
            "link_used_up", "this link was used already or is too old; ask an administrator for another"
        )
    return found


@transaction.atomic
def choose_password(link: PasswordLink, password: str) -> User:
    """Raises Refused `link_used_up`, `weak_password`."""
    user = lock_user(user_of_link(link).username)
    user_of_link(link)  # again, under the lock: it works once
    with acting_as(user.username):
        return set_password(user.username, password)
