"""RADIUS against a real FreeRADIUS; what only the wire can show, against a socket of the test."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lapwing.connectors.errors import (
    Busy,
    CannotTell,
    ConnectorError,
    OutcomeUnknown,
    Rejected,
    TooLate,
    Unreachable,
)
from lapwing.connectors.orders import Event, Outcome
from tests.connectors.conftest import order
from tests.connectors.freeradius import Radius
from tests.connectors.processes import free_port
from tests.connectors.systems import SECRET, WRONG_SECRET

pytestmark = pytest.mark.xdist_group("radius")
QUICK = {"time_limit_s": 0.6, "total_limit_s": 0.6}


class Counterpart:
    """Takes datagrams and answers with what it is given, or not at all."""

    def __init__(self, answer: bytes = b"") -> None:
        self.received: list[bytes] = []
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                content, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            self.received.append(content)
            if self._answer:
                self._socket.sendto(content[1:2].join([b"\x29", self._answer]), sender)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def counterpart(answer: bytes = b"") -> Iterator[Counterpart]:
    made = Counterpart(answer)
    try:
        yield made
    finally:
        made.close()


def test_a_deactivation_ends_the_sessions_of_the_customer(radius: Radius):
    with radius.connect() as connector:
        off = connector.bring(order("S-1", 1, identity="jane", active=False, event=Event.DEACTIVATE))
        on = connector.bring(order("S-1", 2, identity="jane", active=True, event=Event.ACTIVATE))
    assert off.outcome is on.outcome is Outcome.CHANGED and off.state is None
    assert radius.taken("jane") == ["Disconnect-Request jane", "CoA-Request jane fibre-100"]


def test_change_carries_the_configured_attributes(radius: Radius):
    with radius.connect(change_attributes={"Filter-Id": "{product}:{quantity}"}) as connector:
        connector.bring(order("S-attributes", 1, quantity=4))
    assert radius.taken("S-attributes") == ["CoA-Request S-attributes fibre-100:4"]


@pytest.mark.parametrize("active", [True, False])
def test_no_session_is_already_so(radius: Radius, active: bool):
    with radius.connect() as connector:
        assert connector.bring(order("offline-1", 1, active=active)).outcome is Outcome.ALREADY_SO
    assert radius.taken("offline-1") == []


def test_a_refusal_is_told_with_its_cause_and_without_the_secret(radius: Radius):
    with (
        radius.connect() as connector,
        pytest.raises(Rejected, match=r"administratively prohibited.*\*\*\*") as caught,
    ):
        connector.bring(order("forbidden-1", 1, active=False))
    assert caught.value.reason == "501" and SECRET not in str(caught.value)


def test_no_resources_is_busy(radius: Radius):
    with radius.connect() as connector, pytest.raises(Busy):
        connector.bring(order("crowded-1", 1, active=False))


def test_check_proves_the_secret_and_touches_nobody(radius: Radius):
    with radius.connect() as connector:
        connector.check()
    with radius.connect(secret=WRONG_SECRET, **QUICK) as connector:
        with pytest.raises(Unreachable, match="secret may be wrong"):
            connector.check()
        with pytest.raises(OutcomeUnknown, match="secret may be wrong"):
            connector.bring(order("S-wrong", 1))
    assert radius.taken("S-wrong") == radius.taken("lapwing-check") == []


def test_state_cannot_be_told(radius: Radius):
    with radius.connect() as connector, pytest.raises(CannotTell):
        connector.look("S-1")
    assert not connector.can_tell_state and not connector.keeps_revision


def test_a_server_that_is_down_is_unreachable(radius: Radius):
    with radius.connect(port=free_port(socket.SOCK_DGRAM)) as connector:
        for call in (connector.check, lambda: connector.bring(order("S-1", 1))):
            with pytest.raises(Unreachable, match="nobody listens there; nothing was done"):
                call()


def test_silence_is_unknown_within_the_time_limit_and_each_sending_is_the_same_request(radius: Radius):
    with counterpart() as silent, radius.connect(port=silent.port, **QUICK) as connector:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            connector.bring(order("S-1", 1, active=False))
        assert time.monotonic() - began < 1.0
        assert len(silent.received) == 3 and len(set(silent.received)) == 1


def test_nothing_is_sent_from_the_deadline_on(radius: Radius):
    with counterpart() as silent, radius.connect(port=silent.port, **QUICK) as connector:
        with pytest.raises(TooLate):
            connector.bring(order("S-1", 1), deadline=time.monotonic())
        assert silent.received == []
        with pytest.raises(OutcomeUnknown):
            connector.bring(order("S-1", 1), deadline=time.monotonic() + 0.1)
        assert len(silent.received) == 1  # it was not sent again


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\x14" + b"\x00" * 16, b"\x00\xff" + b"x" * 40], ids=["stub", "forged", "junk"]
)
def test_an_answer_that_does_not_prove_the_secret_is_none(radius: Radius, answer: bytes):
    with counterpart(answer or b"\x00") as liar, pytest.raises(OutcomeUnknown):
        radius.connect(port=liar.port, **QUICK).bring(order("S-1", 1, active=False))


def test_secrets_are_in_no_message_and_no_picture(radius: Radius):
    said = []
    for port in (radius.port, free_port(socket.SOCK_DGRAM)):
        connector = radius.connect(port=port)
        with pytest.raises(ConnectorError) as caught:
            connector.bring(order("forbidden-1", 1))
        said += [repr(connector), repr(connector.configuration), *traceback.format_exception(caught.value)]
    assert SECRET not in "".join(said)


def test_link_local_addresses_are_never_sent_to(radius: Radius):
    with radius.connect(host="169.254.169.254") as connector, pytest.raises(Rejected) as caught:
        connector.bring(order("S-1", 1))
    assert caught.value.reason == "address_forbidden"
