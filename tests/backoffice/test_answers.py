"""What every answer of every URL carries, and what no POST does without its token."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from lapwing.identity.actions.set_password import set_password
from lapwing.identity.models import User
from tests.backoffice.conftest import BACKEND, signed_in
from tests.backoffice.urls_of_the_map import examples

NOT_A_PAGE_OF_SOMEBODY = {"healthz"}


def _faults(answer) -> list[str]:
    policy = answer.get("Content-Security-Policy", "")
    sound = {
        "no policy": "default-src 'none'" in policy and "base-uri 'none'" in policy,
        "inline allowed": "unsafe-inline" not in policy and "*" not in policy,
        "may be framed": "frame-ancestors 'none'" in policy and answer.get("X-Frame-Options") == "DENY",
        "says where from": answer.get("Referrer-Policy") == "same-origin",
        "sniffed": answer.get("X-Content-Type-Options") == "nosniff",
        "kept by caches": "no-store" in answer.get("Cache-Control", ""),
    }
    return [fault for fault, is_sound in sound.items() if not is_sound]


def test_every_answer_is_guarded_and_kept_nowhere(base):
    client, wrong = signed_in("root"), {}
    client.raise_request_exception = False
    for name, path in [*examples(base), ("nothing", "/nothing-here/"), ("unknown", "/runs/999999/")]:
        for browser in (client, Client()):
            if found := _faults(browser.get(path)):
                wrong[name] = found
    assert wrong == {}


def test_no_post_without_its_token_is_taken(base):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="root"), backend=BACKEND)
    answers = {name: client.post(path).status_code for name, path in examples(base)}
    assert set(answers.values()) == {403}, {name: code for name, code in answers.items() if code != 403}


def test_the_session_is_out_of_reach_of_scripts_and_of_other_sites(sandbox):
    set_password("olga", "correct horse battery")
    client = Client()
    client.post("/account/login/", {"login": "olga", "password": "correct horse battery"})
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"] and cookie["samesite"] == "Lax", name


@pytest.mark.parametrize(("hosts", "secure"), [("", "False"), ("ops.example.org", "True")])
def test_whoever_is_reached_by_a_name_sends_its_cookies_through_tls_only(hosts: str, secure: str):
    said = subprocess.run(
        [sys.executable, "-c", "from lapwing.conf.web import *; print(SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE)"],
        env={**os.environ, "LAPWING_HOSTS": hosts},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == [secure, secure]


def test_a_guard_that_is_missing_is_seen(base, settings):
    from django.http import HttpResponse

    assert len(_faults(HttpResponse())) == 6 - 1  # without a policy nothing inline is allowed by name
