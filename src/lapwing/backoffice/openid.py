"""Sign-in by OpenID Connect: who somebody at the provider is here, and with which roles."""

from collections.abc import Collection, Mapping
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.core.errors import Refused
from lapwing.identity.actions.admit_user import admit_anybody, admit_known_user
from lapwing.identity.models import User
from lapwing.identity.openid import OpenID
from lapwing.identity.permissions import Role


class OurUsersOnly(DefaultSocialAccountAdapter):
    """The provider says who it is; whether he may come in is said here, at every sign-in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if request.user.is_authenticated:
            raise _refusal(request, Refused("signed_in", _("you are signed in already; sign out first")))
        try:
            user = admitted(settings.OIDC, sociallogin)
        except Refused as refusal:
            raise _refusal(request, refusal) from None
        sociallogin.email_addresses = []
        if not sociallogin.is_existing:
            sociallogin.connect(request, user)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **more: Any
    ) -> None:
        raise ImmediateHttpResponse(no_answer(request))


def no_answer(request: HttpRequest) -> HttpResponse:
    return _page(request, Refused("provider_error", _("the provider did not let you in, or did not answer")))


def admitted(configured: OpenID, sociallogin: SocialLogin) -> User:
    """Raises Refused `no_name`, `other_subject`, `name_taken`, and what the actions refuse."""
    claims = claims_of(sociallogin.account.extra_data)
    name = claims.get(configured.user_claim)
    if not isinstance(name, str) or not name:
        raise Refused("no_name", f"the provider tells no {configured.user_claim}; it is the user's name here")
    if sociallogin.is_existing:
        name = User.objects.get(
            pk=sociallogin.account.user_id
        ).username  # linked by its subject, whatever it is called there today
    else:
        _refuse_second(name)
    admit = admit_anybody if configured.create_users else admit_known_user
    return admit(name, roles_told(configured, claims))


def claims_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of the signed token and of the user's record together. Raises Refused `other_subject`."""
    token, record = told.get("id_token") or {}, told.get("userinfo") or {}
    if token and record and token.get("sub") != record.get("sub"):
        raise Refused("other_subject", "the provider told of two different persons in one answer")
    return {**record, **token}


def roles_told(configured: OpenID, claims: Mapping[str, Any]) -> Collection[str] | None:
    """None where roles are given by hand; what is no role of ours is left out."""
    if not configured.roles_claim:
        return None
    found = claims.get(configured.roles_claim, [])
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    wanted = {f"{configured.role_prefix}{role}": str(role) for role in Role.values}
    return sorted({wanted[name] for name in names if isinstance(name, str) and name in wanted})


def _refuse_second(name: str) -> None:
    """A name that somebody else got at the provider later must not open the first one's user."""
    if SocialAccount.objects.filter(user__username=name).exists():
        raise Refused(
            "name_taken",
            f"user {name[:150]!r} belongs to another person at the provider; an administrator sees to it",
        )


def _refusal(request: HttpRequest, refusal: Refused) -> ImmediateHttpResponse:
    return ImmediateHttpResponse(_page(request, refusal))


def _page(request: HttpRequest, refusal: Refused) -> HttpResponse:
    return render(request, "backoffice/openid_refused.html", {"error": refusal}, status=403)
