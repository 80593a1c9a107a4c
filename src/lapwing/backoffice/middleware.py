"""Around every request: who acts, what he may do, his second factor, and refusals as pages in words."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.errors import Refused
from lapwing.identity.models import Organisation, User
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import permissions_of

Respond = Callable[[HttpRequest], HttpResponse]
NOBODY = "(nobody)"  # no user can have this name
FORM_AT_MOST_MB = 3
STATUS = {"not_permitted": 403, "busy": 503}
UNTIL_SECOND_FACTOR = ("/account/", "/static/", "/healthz")


class ActAsWhoSignedIn:
    """Every action and audit entry of the request carries the user's name; a stranger's name may do nothing."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = request.user.is_authenticated and request.user.get_username() != SYSTEM
        name = request.user.get_username() if signed_in else NOBODY
        request.permissions = permissions_of(name) if signed_in else set()
        request.organisation = Organisation.objects.filter(pk=1).first() if signed_in else None
        language = (signed_in and request.user.language) or translation.get_language()
        with acting_as(name), timezone.override(_zone(request)), translation.override(language):
            request.LANGUAGE_CODE = language
            if signed_in and _second_factor_is_missing(request):
                messages.warning(
                    request, _("Set up your second factor first: an authenticator app on your phone.")
                )
                return redirect("mfa_activate_totp")
            return self.respond(request)


def _zone(request: HttpRequest) -> ZoneInfo:
    """In which the user reads times: his own, or else the organisation's."""
    own = request.user.time_zone if isinstance(request.user, User) else ""
    if own:
        return ZoneInfo(own)
    return request.organisation.zone if request.organisation else ZoneInfo("UTC")


def _second_factor_is_missing(request: HttpRequest) -> bool:
    """Outside of a sandbox nobody works without one."""
    if request.path.startswith(UNTIL_SECOND_FACTOR) or (
        request.organisation and request.organisation.is_sandbox
    ):
        return False
    return not is_mfa_enabled(request.user)


class TellRefusals:
    """A refusal of an action goes back to the page it was asked from; of a query, it is a page of its own."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.respond(request)
        if answer.status_code != 405 or answer.content:
            return answer
        told = render(request, "405.html", status=405)  # a view that takes a POST only says nothing by itself
        told["Allow"] = answer["Allow"]
        return told

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        if request.method == "POST" and getattr(request, "back_to", None):
            messages.error(request, str(error))
            return redirect(request.back_to)
        status = STATUS.get(error.code, 404 if error.code.startswith("unknown_") else 409)
        context = {"title": _("This cannot be shown"), "error": error, "home": reverse("home")}
        return render(request, "backoffice/refused.html", context, status=status)


class KeepNothing:
    """No page stays in a cache, whichever view it is of: who comes next to the machine finds nothing of it."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.respond(request)
        add_never_cache_headers(answer)
        return answer


class RefuseHugeBodies:
    """Before a byte of it is read: only who may import sends files, and only so large."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not size.isdigit() or int(size) > _largest(request):
            return HttpResponse(
                f"Too large: at most {_largest(request) // MEGABYTE} MB are taken here.",
                status=413,
                content_type="text/plain; charset=utf-8",
            )
        return self.respond(request)


MEGABYTE = 1_000_000


def _largest(request: HttpRequest) -> int:
    may_import = request.path == reverse("imports") and Permission.IMPORT in request.permissions
    return (settings.IMPORT_AT_MOST_MB if may_import else FORM_AT_MOST_MB) * MEGABYTE
