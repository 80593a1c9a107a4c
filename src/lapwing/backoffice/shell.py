"""What every page knows: the shell, the zone of its times, who may do what."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from lapwing.backoffice.site import site
from lapwing.core import clock


def shell(request: HttpRequest) -> dict[str, Any]:
    """A context processor; a stranger gets no shell."""
    if not getattr(request, "permissions", None):
        openid = settings.OIDC.name if settings.OIDC else ""
        return {"site_title": "Lapwing", "site_header": "Lapwing", "openid_name": openid}
    return {
        **site.each_context(request),
        "organisation": request.organisation,
        "zone": timezone.get_current_timezone_name(),
        "now": clock.now(),
        "clock_stands": clock.is_standing(),
        "may": {str(permission): True for permission in request.permissions},
    }
