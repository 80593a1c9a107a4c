"""Sets the password with which a user signs in to the screens."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.models import User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require


@transaction.atomic
def set_password(name: str, password: str) -> User:
    """One's own, or anybody's for an administrator; sessions under the old one end. The audit keeps that it was set,
    never what it is. Raises Refused `unknown_user`, `weak_password`, `not_permitted`.
    """
    if name != actor():
        require(Permission.ADMINISTER)
    user = User.objects.select_for_update().filter(username=name).first()
    if user is None:
        raise Refused("unknown_user", f"there is no user {name!r}; lapwing user list shows all")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(
            "weak_password", f"the password of {name} is refused: {' '.join(error.messages)}"
        ) from None
    user.set_password(password)
    user.save(update_fields=["password"])
    record("user.password_set", kind="user", subject_id=user.pk, subject=name)
    return user
