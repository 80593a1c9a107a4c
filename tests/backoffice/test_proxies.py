"""Behind a proxy: who asks is who the named proxies say, and nobody can say it for himself."""

import os
import re
import subprocess
import sys

import httpx
import pytest
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.test import Client

from lapwing.identity.actions.set_password import set_password
from lapwing.identity.proxies import client_address, networks
from tests.browser.conftest import served
from tests.cli.test_commands import Home

PROXIES = "127.0.0.1, 10.0.8.0/24, 2001:db8:ffff::/48"
GOOD = "correct horse battery"
BROWSER, OTHER = "198.51.100.7", "203.0.113.9"

SAID = [  # peer, X-Forwarded-For, who asks
    ("127.0.0.1", BROWSER, BROWSER),
    ("127.0.0.1", f"{OTHER}, {BROWSER}", BROWSER),  # the first one was written by the browser itself
    ("127.0.0.1", f"{BROWSER}, 10.0.8.3", BROWSER),  # two proxies of ours
    ("127.0.0.1", f"{OTHER},{BROWSER} ,10.0.8.3,10.0.8.4", BROWSER),
    ("127.0.0.1", "127.0.0.1, 127.0.0.1", "127.0.0.1"),
    ("10.0.9.1", BROWSER, "10.0.9.1"),  # not one of ours
    ("127.0.0.1", "", "127.0.0.1"),
    ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
    ("127.0.0.1", "2001:DB8:0:0::7", "2001:db8::7"),
    ("127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
    ("127.0.0.1", "2001:db8::7, 2001:db8:ffff::1", "2001:db8::7"),
    ("2001:db8:ffff::2", BROWSER, BROWSER),
    ("::ffff:10.0.8.3", f"::ffff:{BROWSER}", BROWSER),
    ("127.0.0.1", f"{BROWSER}:50712", BROWSER),
    ("127.0.0.1", "fe80::1%eth0", "fe80::1"),
    ("127.0.0.1", "nonsense", "127.0.0.1"),
    ("127.0.0.1", f"{BROWSER}, unknown, 10.0.8.3", "10.0.8.3"),  # beyond what is no address nothing is sure
    ("127.0.0.1", f"{BROWSER}, , 10.0.8.3", "10.0.8.3"),
    ("127.0.0.1", "1.2.3.4.5, ;drop table, [", "127.0.0.1"),
    ("127.0.0.1", "," * 5000, "127.0.0.1"),
    ("", BROWSER, ""),
    ("a socket", BROWSER, "a socket"),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), SAID)
def test_the_last_address_that_is_no_proxy_of_ours_asks(peer: str, forwarded: str, client: str):
    assert client_address(peer, forwarded, networks(PROXIES)) == client


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.8.3", "198.51.100.7"])
def test_where_no_proxy_is_named_nobody_is_believed(peer: str):
    assert client_address(peer, OTHER, networks("")) == peer


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "*", "proxy.example", "10.0.8.1/24", "127.0.0.1 10.0.8.3"]
)
def test_what_is_no_proxy_is_refused_at_the_start_by_name(text: str):
    said = subprocess.run(
        [sys.executable, "-c", "import lapwing.conf.web"],
        env={**os.environ, "LAPWING_TRUSTED_PROXIES": text},
        capture_output=True,
        text=True,
    )
    assert said.returncode and "ValueError: LAPWING_TRUSTED_PROXIES: " in said.stderr


@pytest.fixture
def behind(settings) -> None:
    settings.TRUSTED_PROXIES = networks(PROXIES)


def sign_in(password: str, *, forwarded: str = "", peer: str = "127.0.0.1"):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return Client(REMOTE_ADDR=peer).post(
        "/account/login/", {"login": "olga", "password": password}, headers=headers
    )


def test_lockout_counts_by_the_address_of_the_browser(sandbox, behind):
    set_password("olga", GOOD)
    for number in range(5):  # what he writes before it, another each time, does not help
        last = sign_in("wrong", forwarded=f"192.0.2.{number}, {BROWSER}")
    assert last.status_code == 429
    assert sign_in(GOOD, forwarded=BROWSER).status_code == 429
    assert sign_in(GOOD, forwarded=OTHER).status_code == 302  # somebody else behind the same proxy
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) <= {BROWSER}


def test_a_header_from_who_is_no_proxy_does_not_help_a_guesser(sandbox, behind):
    set_password("olga", GOOD)
    for number in range(5):
        last = sign_in("wrong", forwarded=f"192.0.2.{number}", peer="203.0.113.66")
    assert last.status_code == 429
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {"203.0.113.66"}


@pytest.mark.parametrize(
    ("peer", "noted"), [("10.0.8.3", BROWSER), ("203.0.113.66", "203.0.113.66")], ids=["proxy", "forged"]
)
def test_the_list_of_sessions_names_the_browser(peer: str, noted: str, sandbox, behind):
    set_password("olga", GOOD)
    client = Client(REMOTE_ADDR=peer, headers={"X-Forwarded-For": BROWSER})
    client.post("/account/login/", {"login": "olga", "password": GOOD})
    assert noted in client.get("/my/sign-in/").content.decode()
    assert UserSession.objects.get().ip == noted


@pytest.mark.parametrize(
    ("peer", "scheme", "strict"),
    [("10.0.8.3", "https", True), ("10.0.8.3", "http", False), ("203.0.113.66", "https", False)],
)
def test_tls_is_believed_of_a_named_proxy_only(
    peer: str, scheme: str, strict: bool, settings, sandbox, behind
):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # as with LAPWING_HOSTS
    settings.SECURE_HSTS_SECONDS = 60
    client = Client(REMOTE_ADDR=peer, headers={"X-Forwarded-Proto": scheme})
    assert ("Strict-Transport-Security" in client.get("/account/login/").headers) is strict


@pytest.mark.parametrize(("trusted", "noted"), [("127.0.0.1", BROWSER), ("", "127.0.0.1")])
def test_the_real_server_reads_a_header_that_came_twice_as_one(trusted: str, noted: str, tmp_path):
    home = Home(tmp_path)
    home.ok("init", "--sandbox")
    name, password = (tmp_path / "sandbox-login").read_text().splitlines()[0].split()
    twice = [("X-Forwarded-For", OTHER), ("X-Forwarded-For", BROWSER)]
    waits = httpx.HTTPTransport(retries=8)  # the port is told before the server listens
    with (
        served(tmp_path, LAPWING_TRUSTED_PROXIES=trusted) as url,
        httpx.Client(base_url=url, headers=twice, transport=waits, follow_redirects=True) as browser,
    ):
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/account/login/").text)
        form = {"login": name, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
        browser.post("/account/login/", data=form)
        assert f">{noted}</td>" in browser.get("/my/sign-in/").text


def test_a_link_to_a_password_begins_with_https_where_the_screens_have_a_name(settings, sandbox, client_of):
    settings.ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
    page = client_of("administrator").post("/users/olga/steps/reset-password/")
    assert "https://testserver/account/password/" in page.content.decode()
