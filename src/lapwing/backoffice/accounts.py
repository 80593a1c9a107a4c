"""Sign-in through allauth: users are made by an administrator, never by themselves."""

from collections.abc import Mapping

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class NobodySignsHimselfUp(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


def name_tried(request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """The user name of an attempt to sign in. Without this, axes would count wrong passwords for no name at all, and
    let the right one in while it is locked: the form calls it login, authentication username.
    """
    given = {**request.POST.dict(), **(credentials or {})} if request else credentials or {}
    return (given.get("username") or given.get("login") or "")[:150]
