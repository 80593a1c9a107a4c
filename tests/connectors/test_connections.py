"""Where connectors connect to, and whom they believe."""

import ssl
import threading
import time
from pathlib import Path

import pytest

from lapwing.connectors import addresses
from lapwing.connectors.addresses import addresses_of, is_forbidden
from lapwing.connectors.errors import Rejected, Unreachable
from lapwing.connectors.opening import open_connector
from lapwing.connectors.sandbox_provider.books import Books
from lapwing.connectors.sandbox_provider.server import Server
from tests.connectors.certificates import Certificates
from tests.connectors.processes import needs


@pytest.mark.parametrize(
    ("address", "forbidden"),
    [
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("fd00:ec2::254", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.253.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_link_local_and_metadata_addresses_are_forbidden(address: str, forbidden: bool):
    assert is_forbidden(address) is forbidden


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:a9fe:a9fe]"])
def test_every_way_to_write_the_metadata_address_is_refused(host: str):
    with (
        open_connector("sandbox", {"url": f"http://{host}/"}, "") as connector,
        pytest.raises(Rejected) as caught,
    ):
        connector.check()
    assert caught.value.reason == "address_forbidden"


def test_a_name_pointed_elsewhere_after_it_was_entered_is_refused(monkeypatch: pytest.MonkeyPatch):
    answers = [(2, 1, 6, "", ("127.0.0.1", 80)), (2, 1, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Rejected):
        addresses_of("provider.example", 80, until=time.monotonic() + 5)


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch):
    stop = threading.Event()
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: stop.wait(10) and [])
    began = time.monotonic()
    connector = open_connector("sandbox", {"url": "http://provider.example/", "time_limit_s": 0.3}, "")
    with pytest.raises(Unreachable, match="not resolved in time"):
        connector.check()
    stop.set()
    assert time.monotonic() - began < 1


def test_an_unknown_name_is_unreachable():
    connector = open_connector("sandbox", {"url": "http://nobody.invalid/"}, "")
    with pytest.raises(Unreachable, match=r"nobody\.invalid cannot be reached"):
        connector.check()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Server(0, Books(tmp_path / "journal")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open_connector(
            "sandbox", {"url": f"http://127.0.0.1:{server.server_address[1]}"}, ""
        ) as connector:
            connector.check()
        server.shutdown()


def test_certificates_are_checked_by_name_and_authority(tmp_path: Path):
    certificates = Certificates(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    known = {"ca_file": str(certificates.authority)}
    with Server(0, Books(tmp_path / "journal")) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        with open_connector("sandbox", {"url": f"https://localhost:{port}", **known}, "") as connector:
            connector.check()
        for bad in ({"url": f"https://localhost:{port}"}, {"url": f"https://127.0.0.1:{port}", **known}):
            with (
                open_connector("sandbox", bad, "") as connector,
                pytest.raises(Unreachable, match="CERTIFICATE"),
            ):
                connector.check()
        server.shutdown()


def test_a_server_that_is_not_installed_is_a_skip_with_advice_and_in_ci_a_failure(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(
        pytest.skip.Exception, match="apt-get install --no-install-recommends no-such-package"
    ):
        needs("no-such-server", "no-such-package")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install"):
        needs("no-such-server", "no-such-package")
