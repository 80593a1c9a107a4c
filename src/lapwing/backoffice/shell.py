"""What every page knows: the shell, the zone of its times, who may do what."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from lapwing.backoffice.site import site
from lapwing.core import clock
from lapwing.identity.models import Organisation


def shell(request: HttpRequest) -> dict[str, Any]:
    """A context processor; a stranger gets no shell."""
    if not getattr(request, "permissions", None):
        openid = settings.OIDC.name if settings.OIDC else ""
        return {"site_title": "Lapwing", "site_header": "Lapwing", "openid_name": openid}
    own = Organisation.objects.filter(pk=1).first()
    return {
        **site.each_context(request),
        "organisation": own,
        "now": clock.now(),
        "clock_stands": clock.is_standing(),
        "may": {str(permission): True for permission in request.permissions},
    }
