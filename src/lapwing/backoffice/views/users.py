"""Users and their roles: the list, a new one, one with its roles and sessions, and the steps to it."""

from itertools import islice
from typing import Any

from allauth.utils import build_absolute_uri
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, exported
from lapwing.backoffice.screen import screen
from lapwing.backoffice.sessions import device
from lapwing.backoffice.user_steps import USER_STEPS, is_offered, user_offers
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import add_user
from lapwing.identity.actions.reset_password import PasswordLink
from lapwing.identity.actions.set_roles import set_roles
from lapwing.identity.models import User
from lapwing.identity.permissions import GRANTS, Permission, Role
from lapwing.identity.users import SHOWN, roles_of, sessions_of, user_named, users

COLUMNS: Columns = {
    "user": lambda row: row["user"].username,
    "roles": lambda row: ", ".join(row["roles"]),
    "active": lambda row: row["user"].is_active,
    "last_login": lambda row: row["user"].last_login,
}


@screen(Permission.ADMINISTER)
def user_list(request: HttpRequest) -> HttpResponse:
    found = ({"user": user, "roles": roles_of(user)} for user in users())
    if file := exported(request, "users", COLUMNS, found):
        return file
    rows = list(islice(found, SHOWN))
    return render(
        request, "backoffice/users.html", {"title": _("Users and roles"), "rows": rows, "shown": SHOWN}
    )


@screen(Permission.ADMINISTER)
def user_new(request: HttpRequest) -> HttpResponse:
    """A new user with its first roles; a password is set by the link of the next page."""
    context: dict[str, Any] = {"title": _("New user"), "name": "", "choices": _choices([])}
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:150]
        given = request.POST.getlist("role")
        context |= {"name": name, "choices": _choices(given), "problems": _problems(name, given)}
        if not context["problems"]:
            try:
                for role in given:
                    add_user(name, role)
            except Refused as refusal:
                context["problems"] = {"name": refusal.message}
            else:
                messages.success(request, _("%(name)s was added.") % {"name": name})
                return redirect("user", name)
    return render(request, "backoffice/user_new.html", context)


def _problems(name: str, given: list[str]) -> dict[str, str]:
    found = {}
    if User.objects.filter(username=name).exists():
        found["name"] = _("There is a user of this name already.")
    if not given:
        found["role"] = _("Choose at least one role.")
    return found


@screen(Permission.ADMINISTER)
def user_detail(request: HttpRequest, name: str) -> HttpResponse:
    """A POST gives exactly the roles that are ticked."""
    user = user_named(name)
    if request.method == "POST":
        request.back_to = reverse("user", args=[name])
        set_roles(name, request.POST.getlist("role"))
        messages.success(request, _("The roles of %(name)s are saved.") % {"name": name})
        return redirect("user", name)
    context = {
        "title": _("User %(name)s") % {"name": name},
        "person": user,
        "choices": _choices(roles_of(user)),
        "is_self": name == actor(),
        "offers": user_offers(user),
        "sessions": [(session, device(session.user_agent)) for session in sessions_of(user)],
    }
    return render(request, "backoffice/user.html", context)


@screen(Permission.ADMINISTER)
def user_step(request: HttpRequest, name: str, step: str) -> HttpResponse:
    """The page asks, a POST does. The link to a new password is shown in the answer, and nowhere else."""
    if step not in USER_STEPS:
        raise Http404
    user, wanted = user_named(name), USER_STEPS[step]
    context: dict[str, Any] = {
        "title": f"{wanted.label}: {name}",
        "person": user,
        "step": wanted,
        "offered": is_offered(wanted, user),
    }
    if request.method == "POST":
        request.back_to = reverse("user", args=[name])
        result = wanted.carry_out(name)
        if isinstance(result, PasswordLink):
            path = reverse("choose_password", args=[result.user, result.token])
            return render(
                request, "backoffice/user_link.html", {**context, "link": build_absolute_uri(request, path)}
            )
        messages.success(request, f"{name} {wanted.done}.")
        return redirect("user", name)
    return render(request, "backoffice/user_step.html", context)


def _choices(given: list[str]) -> list[dict[str, Any]]:
    """Every role with what it allows, from the table that actions enforce."""
    return [
        {
            "role": role,
            "allows": [str(permission) for permission in Permission if permission in GRANTS[role]],
            "given": role in given,
        }
        for role in Role.values
    ]
