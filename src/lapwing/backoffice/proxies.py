"""Behind a proxy: the address and the scheme that the browser used, as far as the proxy is one that is named.

It comes before all else, so that lockout, sessions and headers see the same. Nobody after it reads what was forwarded.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from lapwing.identity.proxies import client_address, is_trusted


class BelieveNamedProxies:
    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        if is_trusted(peer, settings.TRUSTED_PROXIES):
            request.META["REMOTE_ADDR"] = client_address(peer, forwarded, settings.TRUSTED_PROXIES)
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.respond(request)
