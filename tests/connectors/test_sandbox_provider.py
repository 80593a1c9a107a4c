"""The sandbox provider keeps its own count, survives being killed, and misbehaves exactly as told."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from lapwing.connectors.errors import (
    Busy,
    ConnectorError,
    CredentialsRefused,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from lapwing.connectors.orders import Event, Outcome
from lapwing.connectors.sandbox_provider.misbehaviour import MODES
from tests.connectors.conftest import order
from tests.connectors.processes import running
from tests.connectors.systems import SECRET, SandboxSystem, sandbox

pytestmark = pytest.mark.xdist_group("provider_sandbox")


def put(system: SandboxSystem, service: str, key: str, **what: object) -> httpx.Response:
    body = {"active": True, "quantity": 1, "product": "p", "identity": "", "revision": 1, **what}
    with system.http() as http:
        return http.put(f"/services/{service}", json=body, headers={"Idempotency-Key": key})


def counts(system: SandboxSystem, service: str) -> dict[str, int]:
    with system.http() as http:
        return http.get("/counts").json()[service]


def test_the_same_key_has_one_effect_and_the_same_answer(sandbox_system: SandboxSystem):
    first = put(sandbox_system, "K-1", "key-1").json()
    again = put(sandbox_system, "K-1", "key-1").json()
    assert again == {**first, "replayed": True} and first["changed"]
    assert counts(sandbox_system, "K-1") == {"calls": 2, "effects": 1}


def test_a_key_with_another_order_is_refused(sandbox_system: SandboxSystem):
    put(sandbox_system, "K-2", "key-2")
    other = put(sandbox_system, "K-2", "key-2", active=False, revision=2)
    assert other.status_code == 422 and other.json()["error"] == "key_reused"
    assert sandbox_system.world("K-2")["active"] is True


def test_an_older_revision_is_refused_also_where_keys_are_forgotten(sandbox_system: SandboxSystem):
    put(sandbox_system, "K-3", "key-3a", revision=1)
    put(sandbox_system, "K-3", "key-3b", revision=2, active=False)
    with sandbox_system.http() as http:
        http.post("/control/forget_keys").raise_for_status()
    late = put(sandbox_system, "K-3", "key-3a", revision=1)
    assert late.status_code == 409 and late.json()["error"] == "older_revision"
    assert put(sandbox_system, "K-3", "key-3b", revision=2, active=False).json()["changed"] is False
    assert counts(sandbox_system, "K-3") == {"calls": 4, "effects": 2}


def test_a_deactivation_of_what_is_not_there_makes_a_late_creation_fail(
    sandbox_system: SandboxSystem, service: str
):
    with sandbox_system.connect() as connector:
        connector.bring(order(service, 2, active=False))
        assert connector.bring(order(service, 1, event=Event.CREATE)).outcome is Outcome.SUPERSEDED
    assert sandbox_system.world(service) is None


def test_a_change_by_the_providers_own_people_is_seen_and_set_right(sandbox_system: SandboxSystem):
    with sandbox_system.connect() as connector, sandbox_system.http() as http:
        connector.bring(order("hand", 1))
        http.put("/control/services/hand", json={"active": False}).raise_for_status()
        assert connector.look("hand").active is False
        with pytest.raises(Rejected) as caught:  # its key was used up: a repair is a new change
            connector.bring(order("hand", 1))
        assert caught.value.reason == "changed_there"
        assert connector.bring(order("hand", 2)).changed
    assert sandbox_system.world("hand")["active"] is True


def test_agreements_are_asked_per_identity(sandbox_system: SandboxSystem):
    with sandbox_system.connect() as connector, sandbox_system.http() as http:
        assert connector.knows_agreements and not connector.accepted("nobody")
        for state, accepted in (("pending", False), ("accepted", True)):
            http.put("/control/agreements/jane%40x", json={"state": state}).raise_for_status()
            assert connector.accepted("jane@x") is accepted


EXPECTED = {
    "slow": (None, 1),
    "late": (None, 1),
    "refuse": (Rejected, 0),
    "hang_up_before": (OutcomeUnknown, 0),
    "hang_up_after": (OutcomeUnknown, 1),
    "error_before": (OutcomeUnknown, 0),
    "error_after": (OutcomeUnknown, 1),
    "busy": (Busy, 0),
    "nonsense": (OutcomeUnknown, 1),
    "half": (OutcomeUnknown, 1),
    "redirect": (Rejected, 0),
}


@pytest.mark.parametrize("mode", MODES)
def test_each_misbehaviour_is_what_it_says_and_is_got_over(
    sandbox_system: SandboxSystem, service: str, mode: str
):
    error, effects = EXPECTED[mode]
    sandbox_system.misbehave(mode, service=service, seconds=0.2, times=1)
    with sandbox_system.connect() as connector:
        if error is None:
            assert connector.bring(order(service, 1, quantity=2)).changed
        else:
            with pytest.raises(error) as caught:
                connector.bring(order(service, 1, quantity=2))
            assert caught.type is error
        assert counts(sandbox_system, service) == {"calls": 1, "effects": effects}
        connector.bring(order(service, 1, quantity=2))
    world = sandbox_system.world(service)
    assert (world["active"], world["quantity"]) == (True, 2)
    assert counts(sandbox_system, service)["effects"] == (2 if mode == "half" else 1)


def test_a_busy_provider_says_when_to_come_back(sandbox_system: SandboxSystem, service: str):
    sandbox_system.misbehave("busy", service=service, seconds=7)
    with sandbox_system.connect() as connector, pytest.raises(Busy, match="come back in 7 s") as caught:
        connector.bring(order(service, 1))
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("mode", ["error_before", "nonsense", "hang_up_after", "redirect", "refuse"])
def test_a_question_that_fails_is_never_an_unknown_outcome(
    sandbox_system: SandboxSystem, service: str, mode: str
):
    sandbox_system.misbehave(mode, service=service, methods=["GET"])
    with sandbox_system.connect() as connector, pytest.raises((Unreachable, Rejected)) as caught:
        connector.bring(order(service, 1))
    assert caught.value.nothing_done and sandbox_system.world(service) is None


def test_a_slow_provider_is_given_up_within_the_time_limit(sandbox_system: SandboxSystem, service: str):
    sandbox_system.misbehave("late", service=service, seconds=2, times=1)
    with sandbox_system.connect(time_limit_s=0.3) as connector:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="within the time limit"):
            connector.bring(order(service, 1))
        assert time.monotonic() - began < 0.8
        assert connector.bring(order(service, 1)).outcome is Outcome.ALREADY_SO


def test_killed_and_started_again_it_knows_everything(tmp_path: Path):
    with sandbox(tmp_path) as first:
        put(first, "S-1", "a")
        put(first, "S-1", "b", revision=2, active=False)
        with first.http() as http:
            http.put("/control/agreements/jane", json={"state": "accepted"})
        before = (first.world("S-1"), counts(first, "S-1"))
    with (tmp_path / "journal").open("a") as journal:
        journal.write('{"fact": "effect", "service": "S-1", "to": {"act')  # cut off by the kill
    with sandbox(tmp_path) as second:
        assert (second.world("S-1"), counts(second, "S-1")) == before
        assert put(second, "S-1", "b", revision=2, active=False).json()["replayed"]
        with second.connect() as connector:
            assert connector.accepted("jane")
    facts = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    assert [fact["fact"] for fact in facts].count("effect") == 2
    effect = next(fact for fact in facts if fact["fact"] == "effect" and fact["revision"] == 2)
    assert (effect["key"], effect["from"]["active"], effect["to"]["active"]) == ("b", True, False)


def test_killed_at_any_moment_no_answered_effect_is_lost_or_doubled(tmp_path: Path):
    """Orders go on while it is killed, five times; all of them are brought again at the end."""
    answered: list[str] = []
    for turn in range(5):
        port_file = tmp_path / f"port-{turn}"
        command = [
            sys.executable,
            "-m",
            "lapwing.connectors.sandbox_provider",
            "--journal",
            str(tmp_path / "journal"),
        ]
        with running(
            [*command, "--port-file", str(port_file)], port_file.exists, log=tmp_path / "log"
        ) as process:
            system = SandboxSystem(int(port_file.read_text()), tmp_path)
            threading.Timer(0.05 + 0.013 * turn, process.kill).start()
            with pytest.raises(ConnectorError), system.connect_directly() as connector:
                for number in range(10_000):
                    connector.bring(order(f"S-{turn}-{number}", 1))
                    answered.append(f"S-{turn}-{number}")
    with sandbox(tmp_path) as system, system.connect_directly() as connector, system.http() as http:
        there = set(http.get("/services").json())
        assert answered and set(answered) <= there
        for service in there:
            assert connector.bring(order(service, 1)).outcome is Outcome.ALREADY_SO
        counts = http.get("/counts").json()  # an order may have come that was not carried out
        assert {
            name: count["effects"] for name, count in counts.items() if count["effects"]
        } == dict.fromkeys(there, 1)


def test_a_wrong_token_is_refused(sandbox_system: SandboxSystem):
    with httpx.Client(base_url=f"http://127.0.0.1:{sandbox_system.port}") as http:
        for token in ("", "Bearer", f"Bearer {SECRET}x", f"Basic {SECRET}"):
            assert http.get("/services", headers={"Authorization": token}).status_code == 401
    with sandbox_system.connect(token="") as connector, pytest.raises(CredentialsRefused):
        connector.check()


def test_strange_requests_are_answered_not_died_of(sandbox_system: SandboxSystem):
    with sandbox_system.http() as http:
        for content in (b"{", b"[]", b"\xff", b"x" * 200_000):
            try:
                answer = http.put("/services/S", content=content, headers={"Idempotency-Key": "k"})
            except httpx.TransportError:
                continue  # it did not wait for the end of what is too long
            assert answer.status_code == 400
        assert (
            http.put("/services/S", json={"active": "yes"}, headers={"Idempotency-Key": "k"}).status_code
            == 422
        )
        assert http.put("/services/S", json={}).status_code == 422
        assert http.get("/nowhere").status_code == 404
        assert http.post("/control/rules", json={"mode": "magic"}).status_code == 422


def test_it_starts_without_django_and_listens_on_loopback_only(sandbox_system: SandboxSystem, tmp_path: Path):
    program = (
        "import sys, pathlib; from lapwing.connectors.sandbox_provider.__main__ import Server, Books;"
        f"server = Server(0, Books(pathlib.Path({str(tmp_path / 'j')!r})));"
        "print(server.server_address[0], [name for name in ('django', 'httpx', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "127.0.0.1 []"


def test_it_ends_when_it_is_told_to(tmp_path: Path):
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "lapwing.connectors.sandbox_provider", "--journal", str(tmp_path / "j")]
    with running(
        [*command, "--port-file", str(port_file)], port_file.exists, log=tmp_path / "log"
    ) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
