"""The shell that django-unfold gives: side bar, header, themes; and its lists and forms of the catalogue."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission

NOT_OURS = {
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "autocomplete",
    "view_on_site",
    "search",
}


class LapwingSite(UnfoldAdminSite):
    """Asks our own table of permissions; signs in and out through allauth."""

    final_catch_all_view = False

    def get_urls(self) -> list[Any]:
        """Without a second way to sign in or to set a password, and without searches over any model."""
        return [each for each in super().get_urls() if getattr(each, "name", "") not in NOT_OURS]

    def has_permission(self, request: HttpRequest) -> bool:
        return Permission.VIEW in getattr(request, "permissions", set())

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable:
        return screen(Permission.VIEW)(view)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("home")

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The side bar is the only list of lists; unfold's page of an app carries inline styles."""
        return redirect("home")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without unfold's block of inline colours, which the content security policy refuses: they are in
        colours.css.
        """
        return {**super().each_context(request), "colors": None, "border_radius": None}


site = LapwingSite(name="admin")
