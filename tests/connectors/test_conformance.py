"""What every connector that can tell a state promises, each against the real server."""

import logging
import time
import traceback

import pytest

from lapwing.connectors.errors import (
    ConnectorError,
    CredentialsRefused,
    OutcomeUnknown,
    TooLate,
    Unreachable,
)
from lapwing.connectors.orders import Event, Outcome
from lapwing.connectors.port import ProviderConnector
from tests.connectors.conftest import order
from tests.connectors.processes import free_port
from tests.connectors.systems import SECRET, WRONG_SECRET, System

QUICK_S = 0.6
QUICK = {"time_limit_s": QUICK_S, "total_limit_s": 2 * QUICK_S}


def inactive(connector: ProviderConnector, service: str) -> None:
    """There, and deactivated by the second order."""
    connector.bring(order(service, 1))
    connector.bring(order(service, 2, active=False))


def test_a_service_is_created_once(system: System, service: str):
    with system.connect() as connector:
        first = connector.bring(order(service, 1, event=Event.CREATE, quantity=3))
        made = system.world(service)
        again = connector.bring(order(service, 1, event=Event.CREATE, quantity=3))
    assert first.changed and first.state.active and first.reference
    assert made["active"] and made["quantity"] == 3 and made["revision"] == 1
    assert again.outcome is Outcome.ALREADY_SO and again.state == first.state
    assert system.world(service) == made and system.wire.changes == 1


def test_what_is_told_is_what_is_there(system: System, service: str):
    with system.connect() as connector:
        assert connector.look(service) is None
        connector.bring(order(service, 1, quantity=2))
        seen = connector.look(service)
    assert (seen.active, seen.quantity, seen.product, seen.revision) == (True, 2, "fibre-100", 1)


def test_a_service_is_deactivated_and_activated(system: System, service: str):
    with system.connect() as connector:
        connector.bring(order(service, 1))
        off = connector.bring(order(service, 2, event=Event.DEACTIVATE, active=False))
        assert off.changed and system.world(service)["active"] is False
        on = connector.bring(order(service, 3, event=Event.ACTIVATE))
        assert on.changed and system.world(service)["active"] is True
    assert system.wire.changes == 3


def test_quantity_is_absolute(system: System, service: str):
    with system.connect() as connector:
        for revision, quantity in enumerate((1, 5, 2, 2, 0), start=1):
            receipt = connector.bring(order(service, revision, quantity=quantity))
            assert receipt.state.quantity == system.world(service)["quantity"] == quantity
            assert receipt.changed is (revision != 4)


def test_deactivating_what_is_not_there_creates_nothing(system: System, service: str):
    with system.connect() as connector:
        receipt = connector.bring(order(service, 1, event=Event.DEACTIVATE, active=False))
        assert receipt.outcome is Outcome.ALREADY_SO and receipt.state is None
        assert connector.look(service) is None and system.world(service) is None


def test_an_older_order_changes_nothing_and_is_not_sent(system: System, service: str):
    with system.connect() as connector:
        connector.bring(order(service, 1))
        connector.bring(order(service, 5, active=False))
        before, sent = system.world(service), system.wire.changes
        receipt = connector.bring(order(service, 4, active=True, quantity=9))
    assert receipt.outcome is Outcome.SUPERSEDED and receipt.state.revision == 5
    assert system.world(service) == before and system.wire.changes == sent


def test_an_older_change_on_the_line_loses_against_a_newer_one(system: System, service: str):
    """A worker frozen between its look and the kernel: when its bytes go out, a newer order was brought."""
    with system.connect() as late, system.connect_directly() as other:
        inactive(late, service)
        system.wire.meanwhile = lambda: other.bring(order(service, 4, quantity=7))
        receipt = late.bring(order(service, 3, quantity=4))
    world = system.world(service)
    assert receipt.outcome is Outcome.SUPERSEDED
    assert (world["active"], world["quantity"], world["revision"]) == (True, 7, 4)


def test_an_older_change_on_the_line_loses_against_a_newer_one_that_found_it_so_already(
    system: System, service: str
):
    """The newer deactivation had nothing to do; the older activation must fail all the same."""
    with system.connect() as late, system.connect_directly() as other:
        inactive(late, service)
        found = []
        system.wire.meanwhile = lambda: found.append(other.bring(order(service, 4, active=False)))
        receipt = late.bring(order(service, 3, active=True))
    assert found[0].outcome is Outcome.ALREADY_SO
    assert receipt.outcome is Outcome.SUPERSEDED
    assert system.world(service)["active"] is False


def test_an_older_creation_on_the_line_loses_against_a_newer_one(system: System, service: str):
    with system.connect() as late, system.connect_directly() as other:
        system.wire.meanwhile = lambda: other.bring(order(service, 2, quantity=7))
        receipt = late.bring(order(service, 1, quantity=4))
    assert receipt.outcome is Outcome.SUPERSEDED
    assert system.world(service)["quantity"] == 7


def test_two_at_once_with_the_same_order_have_one_effect(system: System, service: str):
    with system.connect() as one, system.connect_directly() as other:
        one.bring(order(service, 1))
        system.wire.meanwhile = lambda: other.bring(order(service, 2, active=False))
        one.bring(order(service, 2, active=False))
        after_both = system.world(service)
        assert one.bring(order(service, 2, active=False)).outcome is Outcome.ALREADY_SO
    assert after_both["active"] is False and after_both["revision"] == 2
    assert system.world(service) == after_both


def test_nothing_is_sent_from_the_deadline_on(system: System, service: str):
    with system.connect() as connector:
        with pytest.raises(TooLate, match="was not sent"):
            connector.bring(order(service, 1), deadline=time.monotonic())
        assert system.world(service) is None
        connector.bring(order(service, 1), deadline=time.monotonic() + 30)
        with pytest.raises(TooLate):
            connector.bring(order(service, 2, active=False), deadline=time.monotonic())
    assert system.wire.changes == 1 and system.world(service)["active"] is True


def test_a_server_that_is_down_is_unreachable(system: System, service: str):
    values = system.configuration(free_port())
    with system.connect(**values) as connector:
        for call in (
            connector.check,
            lambda: connector.look(service),
            lambda: connector.bring(order(service, 1)),
        ):
            with pytest.raises(Unreachable, match=r"cannot be reached.*nothing was sent") as caught:
                call()
            assert caught.value.nothing_done


@pytest.mark.parametrize("mode", ["deaf", "drip", "babble"])
def test_a_question_without_a_usable_answer_has_done_nothing(system: System, service: str, mode: str):
    system.wire.mode = mode
    with system.connect(**QUICK) as connector:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            connector.bring(order(service, 1))
        assert time.monotonic() - began < 2 * QUICK_S + 0.5
    assert caught.value.nothing_done and system.wire.changes == 0


@pytest.mark.parametrize(
    ("mode", "done"),
    [
        ("hang_before", False),
        ("hang_after", True),
        ("cut_before", False),
        ("cut_after", True),
        ("nonsense", True),
    ],
)
def test_a_change_without_a_usable_answer_is_unknown_and_settled_by_looking(
    system: System, service: str, mode: str, done: bool
):
    with system.connect(**QUICK) as connector:
        connector.bring(order(service, 1))
        system.wire.mode = mode
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="look") as caught:
            connector.bring(order(service, 2, active=False))
        assert time.monotonic() - began < 2 * QUICK_S + 0.5
        assert not caught.value.nothing_done
        system.wire.mode = "pass"
        unsettled = system.world(service)
        receipt = connector.bring(order(service, 2, active=False))
    assert receipt.changed is not done and unsettled["active"] is not done
    assert system.world(service)["active"] is False
    assert (system.world(service) == unsettled) is done


def test_wrong_credentials_are_said_in_words(system: System, service: str):
    with system.connect(**{system.secret_field: WRONG_SECRET}) as connector:
        for call in (
            connector.check,
            lambda: connector.look(service),
            lambda: connector.bring(order(service, 1)),
        ):
            with pytest.raises(CredentialsRefused, match=r"not allowed.*correct the (token|account)"):
                call()
    assert system.world(service) is None


def test_check_is_content_with_the_real_server_and_changes_nothing(system: System):
    with system.connect() as connector:
        connector.check()
    assert system.wire.changes == 0


def test_secrets_are_in_no_message_and_no_picture(
    system: System, service: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    said = []
    for revision, mode in enumerate(
        ("pass", "hang_after", "cut_before", "nonsense", "deaf", "babble"), start=1
    ):
        system.wire.mode = mode
        secret = WRONG_SECRET if mode == "pass" else SECRET
        with system.connect(**{**QUICK, system.secret_field: secret}) as connector:
            said += [f"{thing!r} {thing}" for thing in (connector, connector.configuration)]
            with pytest.raises(ConnectorError) as caught:
                connector.bring(order(service, revision, quantity=revision, identity=f"jane-{service}"))
            said += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    written = "\n".join([*said, caplog.text])
    assert SECRET not in written and WRONG_SECRET not in written
    assert "jane" not in caplog.text  # who the customer is belongs in no log either


def test_link_local_addresses_are_never_connected_to(system: System, service: str):
    values = system.configuration(80)
    address = values["url"].replace("127.0.0.1", "169.254.169.254")
    with system.connect(**{**values, "url": address}) as connector, pytest.raises(ConnectorError) as caught:
        connector.bring(order(service, 1))
    assert caught.value.reason == "address_forbidden"
