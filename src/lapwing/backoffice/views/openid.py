"""The way to the OpenID provider and back: allauth's, where one is configured, with its failures told in words."""

from collections.abc import Callable

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.openid_connect import views
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from requests import RequestException

from lapwing.backoffice.openid import no_answer


def openid_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _told(request, provider_id, views.login)


def openid_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _told(request, provider_id, views.callback)


def _told(request: HttpRequest, provider_id: str, view: Callable[..., HttpResponse]) -> HttpResponse:
    if settings.OIDC is None:
        raise Http404
    try:
        return view(request, provider_id)
    except ImmediateHttpResponse as refusal:
        return refusal.response
    except RequestException:
        return no_answer(request)
