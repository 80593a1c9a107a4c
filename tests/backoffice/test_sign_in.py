"""Signing in: a password, a second factor, lockout; what answers carry; what the web part refuses to start with."""

import os
import subprocess
import sys

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.hashers import identify_hasher
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.actions.make_sandbox_login import make_sandbox_login
from lapwing.identity.actions.set_password import set_password
from lapwing.identity.models import Organisation, User
from lapwing.identity.safety import refuse_unsafe_settings
from tests.worker_processes import database_url

GOOD = "correct horse battery"


@pytest.fixture
def olga(sandbox) -> User:
    return set_password("olga", GOOD)


def sign_in(client: Client, name: str, password: str):
    return client.post("/account/login/", {"login": name, "password": password})


def test_a_password_signs_in(olga):
    client = Client()
    assert sign_in(client, "olga", GOOD)["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_a_password_set_nobody_gets_in(password: str, sandbox):
    client = Client()
    sign_in(client, "olga", password)
    assert client.get("/")["Location"].startswith("/account/login/")


def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while(olga):
    client = Client()
    for _ in range(5):
        last = sign_in(client, "olga", "wrong")
    assert last.status_code == 429
    assert sign_in(client, "olga", GOOD).status_code == 429
    assert client.get("/").status_code == 302


def test_nobody_signs_himself_up(sandbox):
    assert Client().get("/account/signup/").status_code == 404


def test_outside_a_sandbox_the_second_factor_comes_first(olga):
    Organisation.objects.update(is_sandbox=False)
    client = Client()
    sign_in(client, "olga", GOOD)
    activate = "/account/mfa/totp/activate/"
    assert client.get("/")["Location"] == activate
    assert client.get(activate)["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": GOOD, "next": activate})
    page = client.get(activate)
    assert page.status_code == 200 and "data:image/svg+xml" in page.content.decode()
    secret = page.context["form"].secret
    client.post(
        activate, {"code": format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))}
    )
    assert client.get("/").status_code == 200


def test_the_second_factor_is_asked_for_and_a_recovery_code_serves_once(olga):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    TOTP.activate(olga, generate_totp_secret())
    code = RecoveryCodes.activate(olga).get_unused_codes()[0]
    client = Client()
    assert sign_in(client, "olga", GOOD)["Location"].startswith("/account/mfa/authenticate/")
    assert client.get("/").status_code == 302
    client.post("/account/mfa/authenticate/", {"code": "000000"})
    assert client.get("/").status_code == 302
    client.post("/account/mfa/authenticate/", {"code": code})
    assert client.get("/").status_code == 200
    other = Client()
    sign_in(other, "olga", GOOD)
    other.post("/account/mfa/authenticate/", {"code": code})
    assert other.get("/").status_code == 302


def test_codes_of_the_second_factor_are_not_to_be_guessed(olga):
    code = second_factor(olga)
    client = Client()
    sign_in(client, "olga", GOOD)
    for _ in range(10):
        client.post("/account/mfa/authenticate/", {"code": "000000"})
    client.post("/account/mfa/authenticate/", {"code": code})  # the right one, too late
    assert client.get("/").status_code == 302


def second_factor(user: User) -> str:
    """Sets it up; returns a code with which it can be passed once."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    TOTP.activate(user, generate_totp_secret())
    return RecoveryCodes.activate(user).get_unused_codes()[0]


GUESS = """
import django; django.setup()
from django.conf import settings; settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
client = Client()
client.post("/account/login/", {"login": "olga", "password": "%s"})
print([client.post("/account/mfa/authenticate/", {"code": "000000"}).status_code for _ in range(5)])
"""


@pytest.mark.parametrize(("processes", "gets_in"), [(1, True), (2, False)])
def test_guesses_of_second_factors_are_counted_by_all_processes_together(
    processes: int, gets_in: bool, committed_sandbox, tmp_path
):
    """Five wrong codes in each of two web processes are ten."""
    code = second_factor(set_password("olga", GOOD))
    environment = {"LAPWING_DATABASE_URL": database_url(), "LAPWING_HOME": str(tmp_path)}
    for _ in range(processes):
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", GUESS % GOOD],
            env={**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings"},
            capture_output=True,
            text=True,
        )
        assert said.stdout == "[200, 200, 200, 200, 200]\n", said.stderr[-2000:]
    client = Client()
    sign_in(client, "olga", GOOD)
    client.post("/account/mfa/authenticate/", {"code": code})
    assert (client.get("/").status_code == 200) is gets_in


def test_passwords_are_hashed_by_argon2_and_stay_out_of_the_audit(olga):
    assert identify_hasher(User.objects.get(username="olga").password).algorithm == "argon2"
    entry = AuditEntry.objects.filter(action="user.password_set").get()
    assert (entry.before, entry.after) == ({}, {})


def test_only_an_administrator_sets_the_password_of_another(sandbox):
    with pytest.raises(Refused, match="not_permitted"):
        set_password("anna", GOOD)
    with acting_as("root"):
        set_password("anna", GOOD)
    with pytest.raises(Refused, match="weak_password"):
        set_password("olga", "short")


def test_nobody_may_be_called_as_the_system_is(sandbox):
    with pytest.raises(Refused, match="bad_user_name"):
        grant_role("system", "viewer")


def test_a_session_ends_with_the_password_it_was_made_by(olga):
    client = Client()
    sign_in(client, "olga", GOOD)
    set_password("olga", "another horse battery")
    assert client.get("/").status_code == 302


def test_a_sandbox_has_a_login_of_its_own(sandbox, tmp_path):
    with acting_as("root"):
        grant_role("approver", "approver")
        make_sandbox_login(tmp_path)
        first = (tmp_path / "sandbox-login").read_text()
        make_sandbox_login(tmp_path)
    assert (tmp_path / "sandbox-login").read_text() == first
    assert (tmp_path / "sandbox-login").stat().st_mode & 0o777 == 0o600
    name, password = first.splitlines()[1].split()
    client = Client()
    sign_in(client, name, password)
    assert name == "approver" and client.get("/").status_code == 200


def test_every_answer_carries_the_security_headers(sandbox):
    for path in ("/account/login/", "/", "/healthz", "/none"):
        answer = Client().get(path)
        policy = answer["Content-Security-Policy"]
        assert "unsafe-inline" not in policy and "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy and answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DEBUG": True}, "debug_on"),
        ({"ALLOWED_HOSTS": ["*"]}, "any_host"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghijklm" * 4}, "default_key"),
        ({"SECRET_KEY": "short"}, "default_key"),
        ({"SECRET_KEY": "a" * 60}, "default_key"),
    ],
)
def test_the_web_part_refuses_to_start_unsafe(changes: dict, code: str, sandbox, settings, tmp_path):
    Organisation.objects.update(is_sandbox=False)
    (tmp_path / "secret-key").write_text("x")
    settings.HOME = tmp_path
    refuse_unsafe_settings()
    for name, value in changes.items():
        setattr(settings, name, value)
    with pytest.raises(Refused, match=code):
        refuse_unsafe_settings()
