"""What every screen shares: who may see it, and how it is answered."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from lapwing.identity.permissions import GRANTS, Permission


def screen(permission: Permission) -> Callable:
    """A view for those whose roles allow it; the permission is kept on the view, where the matrix of roles reads it."""

    def register(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @never_cache
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            if permission not in request.permissions:
                return not_permitted(request, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission
        return guarded

    return register


def not_permitted(request: HttpRequest, permission: Permission) -> HttpResponse:
    """Says which roles would allow it."""
    roles = [_(role.replace("_", " ")) for role, granted in GRANTS.items() if permission in granted]
    context = {"title": _("Not permitted"), "permission": _(permission.replace("_", " ")), "roles": roles}
    return render(request, "backoffice/not_permitted.html", context, status=403)
