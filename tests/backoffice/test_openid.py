"""Sign-in by OpenID Connect against a provider of the tests' own."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.identity.actions.set_active import deactivate_user
from lapwing.identity.models import Organisation, User
from lapwing.identity.openid import openid_settings
from lapwing.identity.users import roles_of, user_named
from tests.backoffice.openid_provider import CLIENT, SECRET, Provider

OLGA = {"sub": "17", "preferred_username": "olga", "email": "olga@example.com"}


@pytest.fixture
def provider(sandbox, settings) -> Iterator[Provider]:
    cache.clear()
    found = Provider(claims=dict(OLGA))
    server = found.start()
    configure(settings, found)
    yield found
    server.shutdown()
    server.server_close()


def configure(settings: Any, provider: Provider, **more: str) -> None:
    given = {"URL": provider.url, "CLIENT": CLIENT, "SECRET": SECRET, "NAME": "Acme login", **more}
    settings.OIDC = openid_settings({f"LAPWING_OIDC_{name}": value for name, value in given.items()})
    settings.SOCIALACCOUNT_PROVIDERS = settings.OIDC.providers()


def come_in(client: Client | None = None) -> tuple[Client, Any]:
    """The whole way of a browser: to the provider and back; returns the last answer."""
    client = client or Client()
    sent = client.post("/account/openid/login/")
    if sent.status_code != 302:
        return client, sent
    back = urlsplit(httpx.get(sent["Location"]).headers["Location"])
    return client, client.get(f"{back.path}?{back.query}")


def test_whom_the_provider_knows_and_we_know_comes_in(provider):
    assert "Sign in with Acme login" in Client().get("/account/login/").content.decode()
    client, answer = come_in()
    assert answer["Location"] == "/" and client.get("/").status_code == 200
    assert client.get("/my/sign-in/").context["person"].username == "olga"
    assert roles_of(user_named("olga")) == ["operator"]


def test_whom_we_do_not_know_stays_out(provider):
    provider.claims["preferred_username"] = "eva"
    client, answer = come_in()
    assert answer.status_code == 403 and "no user of this name" in answer.content.decode()
    assert client.get("/").status_code == 302 and not User.objects.filter(username="eva").exists()


def test_users_are_made_where_it_is_configured_so(provider, settings):
    configure(settings, provider, CREATE_USERS="1")
    provider.claims |= {"sub": "18", "preferred_username": "eva"}
    client, _ = come_in()
    assert client.get("/").status_code == 200 and roles_of(user_named("eva")) == ["viewer"]
    provider.claims |= {"sub": "19", "preferred_username": "system"}
    assert come_in()[1].status_code == 403


def test_roles_follow_the_claim_at_every_sign_in(provider, settings):
    configure(settings, provider, ROLES_CLAIM="groups", ROLE_PREFIX="lapwing-")
    provider.claims["groups"] = ["lapwing-approver", "lapwing-viewer", "staff", "operator"]
    come_in()
    assert roles_of(user_named("olga")) == ["approver", "viewer"]
    entry = AuditEntry.objects.get(action="user.roles")
    assert (entry.actor, entry.reason) == ("system", "as the OpenID provider says")
    provider.claims["groups"] = []
    client, _ = come_in()
    assert roles_of(user_named("olga")) == [] and client.get("/").status_code == 403


def test_the_last_administrator_is_not_taken_away_by_a_claim(provider, settings):
    configure(settings, provider, ROLES_CLAIM="groups")
    provider.claims |= {"preferred_username": "root", "groups": ["viewer"]}
    assert "last active administrator" in come_in()[1].content.decode()
    assert roles_of(user_named("root")) == ["administrator"]


def test_a_name_given_to_somebody_else_there_opens_nothing(provider):
    come_in()
    provider.claims["sub"] = "99"
    assert "belongs to another person" in come_in()[1].content.decode()


def test_who_is_called_otherwise_there_today_is_the_same_user(provider):
    come_in()
    provider.claims["preferred_username"] = "anna"
    client, _ = come_in()
    assert client.get("/my/sign-in/").context["person"].username == "olga"


@pytest.mark.parametrize("change", ["inactive", "record", "no_name", "denied"])
def test_who_may_not_come_in_is_told_why(change: str, provider):
    if change == "inactive":
        with acting_as("root"):
            deactivate_user("olga")
    provider.record = {**OLGA, "sub": "other"} if change == "record" else None
    provider.refuses = change == "denied"
    if change == "no_name":
        del provider.claims["preferred_username"]
    client, answer = come_in()
    assert answer.status_code == 403 and client.get("/").status_code == 302
    said = {
        "inactive": "not active",
        "record": "two different persons",
        "no_name": "tells no",
        "denied": "let",
    }
    assert said[change] in answer.content.decode()


def test_an_answer_that_nobody_asked_for_signs_nobody_in(provider):
    client = Client()
    answer = client.get("/account/openid/callback/?code=code-0&state=made-up")
    assert answer.status_code == 403 and client.get("/").status_code == 302


def test_a_provider_that_does_not_answer_is_told_in_words(provider, settings):
    closed = Provider(url="http://127.0.0.1:9")
    configure(settings, closed)
    _, answer = come_in()
    assert answer.status_code == 403 and "did not answer" in answer.content.decode()


def test_the_second_factor_is_asked_for_all_the_same(provider):
    TOTP.activate(User.objects.get(username="olga"), generate_totp_secret())
    client, answer = come_in()
    assert answer["Location"].startswith("/account/mfa/authenticate/") and client.get("/").status_code == 302


def test_outside_a_sandbox_a_second_factor_is_set_up_first(provider):
    Organisation.objects.update(is_sandbox=False)
    client, _ = come_in()
    assert client.get("/")["Location"] == "/account/mfa/totp/activate/"


def test_without_configuration_there_is_no_such_door(sandbox, settings):
    settings.OIDC = None
    assert Client().get("/account/openid/login/").status_code == 404
    assert b"/account/openid/" not in Client().get("/account/login/").content


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"URL": "http://login.example.com", "CLIENT": "a"}, "https://"),
        ({"URL": "login", "CLIENT": "a"}, "https://"),
        ({"URL": "https://login.example.com"}, "LAPWING_OIDC_CLIENT"),
    ],
)
def test_settings_that_are_unsafe_or_incomplete_are_refused(given: dict, said: str):
    with pytest.raises(ValueError, match=said):
        openid_settings({f"LAPWING_OIDC_{name}": value for name, value in given.items()})


def test_a_form_may_lead_to_the_provider_and_nowhere_else():
    found = openid_settings(
        {"LAPWING_OIDC_URL": "https://login.example.com/realms/acme", "LAPWING_OIDC_CLIENT": "a"}
    )
    assert found is not None and found.origin == "https://login.example.com"
