"""What an administrator may do to a user: the steps, asked of the actions that carry them out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lapwing.core.errors import Refused
from lapwing.identity.actions.end_sessions import end_sessions
from lapwing.identity.actions.reset_password import reset_password
from lapwing.identity.actions.reset_second_factor import refuse_factor_reset, reset_second_factor
from lapwing.identity.actions.set_active import activate_user, deactivate_user, refuse_deactivation
from lapwing.identity.models import User
from lapwing.identity.users import refuse_own


@dataclass(frozen=True)
class UserStep:
    """`refuse` raises Refused where the action would."""

    name: str
    label: Any
    question: Any
    done: Any
    refuse: Callable[[User], None]
    carry_out: Callable[[str], Any]
    active: bool | None = True  # of which users; None: of any
    tone: str = "plain"


def _nothing(user: User) -> None:
    return None


USER_STEPS = {
    step.name: step
    for step in (
        UserStep(
            "activate",
            _("Activate"),
            _("The user can sign in again, with the roles that are shown."),
            _("can sign in again"),
            _nothing,
            activate_user,
            active=False,
            tone="strong",
        ),
        UserStep(
            "reset-password",
            _("Reset the password"),
            _(
                "The present password stops working and all sessions end. You get a link, shown once, with which "
                "the user chooses a new password within a day."
            ),
            _("has no password now"),
            refuse_own,
            reset_password,
        ),
        UserStep(
            "reset-second-factor",
            _("Reset the second factor"),
            _(
                "The authenticator app and the recovery codes stop working and all sessions end. Make sure that it "
                "is really this person who asks."
            ),
            _("sets up a new second factor at the next sign-in"),
            refuse_factor_reset,
            reset_second_factor,
        ),
        UserStep(
            "sign-out",
            _("Sign out everywhere"),
            _("All sessions of this user end at once. What was typed and not saved there is lost."),
            _("is signed out everywhere"),
            _nothing,
            end_sessions,
            active=None,
        ),
        UserStep(
            "deactivate",
            _("Deactivate"),
            _("The user cannot sign in any more, and commands of this name are refused. All sessions end."),
            _("cannot sign in any more"),
            refuse_deactivation,
            deactivate_user,
            tone="danger",
        ),
    )
}


def user_offers(user: User) -> list[UserStep]:
    return [step for step in USER_STEPS.values() if is_offered(step, user)]


def is_offered(step: UserStep, user: User) -> bool:
    if step.active not in (None, user.is_active):
        return False
    try:
        step.refuse(user)
    except Refused:
        return False
    return True
