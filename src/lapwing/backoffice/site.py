"""The shell that django-unfold gives: side bar, header, themes; and its lists and forms of the catalogue."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from lapwing.identity.permissions import Permission


class LapwingSite(UnfoldAdminSite):
    """Asks our own table of permissions; signs in and out through allauth."""

    def has_permission(self, request: HttpRequest) -> bool:
        return Permission.VIEW in getattr(request, "permissions", set())

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect_to_login(request.get_full_path(), reverse("account_login"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("home")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Without unfold's block of inline colours, which the content security policy refuses: they are in
        colours.css.
        """
        return {**super().each_context(request), "colors": None, "border_radius": None}


site = LapwingSite(name="admin")
