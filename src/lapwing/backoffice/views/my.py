"""One's own sign-in: password, second factor, and where one is signed in; and the link to a first password."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from lapwing.backoffice.lists import LONGEST
from lapwing.backoffice.screen import screen
from lapwing.backoffice.sessions import device
from lapwing.core.errors import Refused
from lapwing.identity.actions.end_sessions import end_session, end_sessions
from lapwing.identity.actions.reset_password import PasswordLink, choose_password, user_of_link
from lapwing.identity.actions.set_password import set_password
from lapwing.identity.permissions import Permission
from lapwing.identity.users import sessions_of, user_named


@screen(Permission.VIEW)
def my_sign_in(request: HttpRequest) -> HttpResponse:
    user = user_named(request.user.get_username())
    own = request.session.session_key
    sessions = [
        (each, device(each.user_agent), each.session_key == own) for each in sessions_of(request.user)
    ]
    context = {"title": _("My sign-in"), "person": user, "sessions": sessions}
    return render(request, "backoffice/my_sign_in.html", context)


@screen(Permission.VIEW)
@require_POST
def my_sessions_end(request: HttpRequest) -> HttpResponse:
    """One session, or all but the one that asks."""
    request.back_to = reverse("my_sign_in")
    name, number = request.user.get_username(), request.POST.get("session", "")[:LONGEST]
    if number.isascii() and number.isdigit() and len(number) < 19:
        end_session(name, int(number))
        ended = 1
    else:
        ended = end_sessions(name, except_key=request.session.session_key or "")
    messages.success(request, _("Signed out at %(count)d place(s).") % {"count": ended})
    return redirect("my_sign_in")


@screen(Permission.VIEW)
def my_password(request: HttpRequest) -> HttpResponse:
    """Asks who it is again when the sign-in is a while ago; the other sessions end."""
    return _my_password(request)


@reauthentication_required
def _my_password(request: HttpRequest) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        problem = _chosen_twice(request)
        if not problem:
            try:
                user = set_password(request.user.get_username(), request.POST.get("password", ""))
            except Refused as refusal:
                problem = refusal.message
            else:
                update_session_auth_hash(request, user)
                messages.success(request, _("Your password is changed; other sessions have ended."))
                return redirect("my_sign_in")
    context = {"title": _("Change my password"), "problem": problem}
    return render(request, "backoffice/choose_password.html", context)


@never_cache
def choose_password_by_link(request: HttpRequest, user: str, token: str) -> HttpResponse:
    """For whoever holds the link; it works once."""
    link = PasswordLink(user, token)
    name = user_of_link(link).get_username()
    problem = ""
    if request.method == "POST":
        problem = _chosen_twice(request)
        if not problem:
            try:
                choose_password(link, request.POST.get("password", ""))
            except Refused as refusal:
                problem = refusal.message
            else:
                messages.success(request, _("Your password is set; sign in with it."))
                return redirect("account_login")
    context = {"title": _("Choose your password"), "name": name, "problem": problem}
    return render(request, "backoffice/choose_password.html", context)


def _chosen_twice(request: HttpRequest) -> str:
    """What is wrong with the two entries."""
    if request.POST.get("password", "") != request.POST.get("again", ""):
        return _("The two entries differ; type the same password twice.")
    return ""
