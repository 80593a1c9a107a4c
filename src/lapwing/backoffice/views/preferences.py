"""What a user chooses for himself: the zone in which times are shown, and the language."""

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _

from lapwing.backoffice.screen import screen
from lapwing.core.errors import Refused
from lapwing.identity.actions.set_preferences import set_preferences
from lapwing.identity.permissions import Permission

FIELD_OF = {"unknown_time_zone": "time_zone", "unknown_language": "language"}


@screen(Permission.VIEW)
def preferences(request: HttpRequest) -> HttpResponse:
    given = {name: getattr(request.user, name) for name in ("time_zone", "language")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip() for name in given}
        try:
            set_preferences(**given)
        except Refused as refused:
            errors = {FIELD_OF.get(refused.code, "time_zone"): refused.message}
        else:
            with translation.override(given["language"] or translation.get_language_from_request(request)):
                messages.success(request, _("Kept."))
            return redirect("preferences")
    return render(request, "backoffice/preferences.html", _context(request, given, errors))


def _context(request: HttpRequest, given: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    return {
        "title": _("Preferences"),
        "given": given,
        "errors": errors,
        "zones": sorted(name for name in available_timezones() if "/" in name or name == "UTC"),
        "languages": settings.LANGUAGES,
    }
