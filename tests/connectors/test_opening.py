"""What an operator enters is checked field by field; secrets are sealed and shown nowhere."""

import json
import traceback

import pytest

from lapwing.connectors.errors import CannotTell, Rejected
from lapwing.connectors.opening import (
    Kept,
    open_connector,
    same_secrets,
    seal_configuration,
    secrets_set,
)
from lapwing.connectors.orders import Event, ServiceOrder
from lapwing.connectors.port import connectors
from lapwing.core.encryption import seal, unseal
from lapwing.core.errors import Invalid, Refused
from tests.connectors.conftest import order

CANARY = "canary-5ecret"
GOOD = {
    "manual": {"instructions": "call them"},
    "sandbox": {"url": "http://127.0.0.1:1/", "token": CANARY},
    "scim": {"url": "https://scim.example/v2", "token": CANARY},
    "ldap": {"url": "ldaps://ldap.example", "bind_dn": "cn=x", "bind_password": CANARY, "base_dn": "ou=x"},
    "radius": {"host": "nas.example", "secret": CANARY},
}


def test_every_connector_of_the_folder_is_found_by_itself():
    assert [connector.name for connector in connectors] == sorted(GOOD)
    assert len({connector.label for connector in connectors}) == len(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_sealed_opens_again_and_shows_no_secret(name: str):
    public, sealed = seal_configuration(name, GOOD[name])
    secret_fields = connectors.get(name).Configuration.secret_fields()
    assert set(public).isdisjoint(secret_fields) and bool(sealed) is bool(secret_fields)
    assert CANARY not in json.dumps(public) + sealed
    with open_connector(name, json.loads(json.dumps(public)), sealed) as connector:
        assert connector.secrets == [CANARY] * len(secret_fields)
        assert CANARY not in f"{connector!r} {connector.configuration!r} {connector.configuration}"
    assert seal_configuration(name, GOOD[name])[0] == public


WRONG = [
    ("sandbox", {"url": "ftp://x"}, {"url": "value_error"}),
    ("sandbox", {"url": f"http://jane:{CANARY}@x/"}, {"url": "value_error"}),
    ("sandbox", {"url": "http://x/?a=b"}, {"url": "value_error"}),
    ("sandbox", {"token": f"{CANARY}\r\nX: y"}, {"token": "value_error"}),
    ("sandbox", {"token": [CANARY]}, {"token": "string_type"}),
    ("sandbox", {"passwort": CANARY}, {"passwort": "extra_forbidden"}),
    ("sandbox", {"time_limit_s": 60}, {"time_limit_s": "less_than"}),
    ("sandbox", {"time_limit_s": 0}, {"time_limit_s": "greater_than"}),
    ("sandbox", {"time_limit_s": 20, "total_limit_s": 5}, {"configuration": "value_error"}),
    ("scim", {"url": ""}, {"url": "value_error"}),
    ("ldap", {"bind_password": ""}, {"bind_password": "value_error"}),
    ("ldap", {"url": "ldap://x/dc=y"}, {"url": "value_error"}),
    ("ldap", {"active_attribute": "a=b"}, {"active_attribute": "string_pattern_mismatch"}),
    (
        "ldap",
        {"base_dn": "", "object_classes": []},
        {"base_dn": "string_too_short", "object_classes": "too_short"},
    ),
    ("radius", {"secret": "", "port": 0}, {"secret": "value_error", "port": "greater_than_equal"}),
    ("radius", {"change_attributes": {}}, {"change_attributes": "too_short"}),
]


@pytest.mark.parametrize(("name", "values", "expected"), WRONG)
def test_a_wrong_field_is_named_and_its_value_is_not(name: str, values: dict, expected: dict):
    with pytest.raises(Invalid) as caught:
        seal_configuration(name, {**GOOD[name], **values})
    assert {problem.field: problem.code for problem in caught.value.problems} == expected
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_missing_field_is_named():
    with pytest.raises(Invalid, match="connector ldap: url: Field required"):
        seal_configuration("ldap", {})


def test_an_unknown_connector_is_refused_by_name():
    with pytest.raises(Refused, match="known: ldap, manual, radius, sandbox, scim"):
        seal_configuration("pigeon", {})


def test_another_key_opens_nothing_and_says_so(settings):
    public, sealed = seal_configuration("sandbox", GOOD["sandbox"])
    former, settings.SECRET_KEY = (
        settings.SECRET_KEY,
        "another key of fifty letters, which nobody ever used before",
    )
    with pytest.raises(Refused, match="put the former key back") as caught:
        open_connector("sandbox", public, sealed)
    assert caught.value.code == "sealed_text_unreadable"
    settings.SECRET_KEY_FALLBACKS = [former]
    assert open_connector("sandbox", public, sealed).secrets == [CANARY]


@pytest.mark.parametrize("text", ["", "x", "ä€ \n" * 1000])
def test_sealed_text_comes_back_whole_and_never_looks_the_same(text: str):
    assert unseal(seal(text)) == text and seal(text) != seal(text)


@pytest.mark.parametrize("damaged", ["", "x", "ä", "gAAAAA" + "A" * 100])
def test_damaged_text_is_refused(damaged: str):
    with pytest.raises(Refused):
        unseal(damaged)


def test_one_changed_letter_is_refused():
    sealed = seal("the secret of the provider")
    for at in range(10, len(sealed) - 2, 7):
        with pytest.raises(Refused):
            unseal(sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :])


def test_orders_by_hand_are_not_brought_by_a_connector():
    with open_connector("manual", {}, "") as connector:
        connector.check()
        assert connector.done_by_person and connector.needs_provisioning and not connector.can_tell_state
        with pytest.raises(Rejected, match="remind the person") as caught:
            connector.bring(order("S-1", 1))
        assert caught.value.reason == "done_by_person"
        with pytest.raises(CannotTell):
            connector.look("S-1")
        with pytest.raises(CannotTell):
            connector.accepted("jane")


@pytest.mark.parametrize("wrong", [{"key": ""}, {"service": ""}, {"revision": 0}, {"quantity": -1}])
def test_an_order_that_means_nothing_cannot_be_made(wrong: dict):
    values = {"key": "k", "service": "S-1", "revision": 1, "event": Event.UPDATE, "active": True}
    with pytest.raises(ValueError, match="order"):
        ServiceOrder(**{**values, **wrong})


def test_an_order_shows_no_personal_data():
    shown = repr(order("S-1", 1, name="Jane Roe", email="jane@customer.example"))
    assert "Jane" not in shown and "customer.example" not in shown


def test_a_kept_secret_stays_and_one_that_is_not_named_goes():
    public, sealed = seal_configuration("scim", GOOD["scim"])
    again = seal_configuration("scim", {**public, "time_limit_s": 5}, Kept({"token"}, public, sealed))
    with open_connector("scim", *again) as connector:
        assert connector.secrets == [CANARY] and same_secrets(sealed, again[1])
    assert secrets_set(sealed) == {"token"}
    assert seal_configuration("scim", public, Kept((), public, sealed))[1] == ""


MOVED = [
    ("scim", {"url": "https://elsewhere.example"}, "token"),
    ("ldap", {"url": "ldaps://elsewhere.example"}, "bind_password"),
    ("ldap", {"start_tls": True}, "bind_password"),
    ("radius", {"host": "elsewhere.example"}, "secret"),
    ("radius", {"port": 3800}, "secret"),
]


@pytest.mark.parametrize(("name", "values", "secret"), MOVED)
def test_a_secret_is_not_kept_for_another_place(name: str, values: dict, secret: str):
    public, sealed = seal_configuration(name, GOOD[name])
    with pytest.raises(Invalid) as caught:
        seal_configuration(name, {**public, **values}, Kept({secret}, public, sealed))
    assert [(each.field, each.code) for each in caught.value.problems] == [
        (secret, "secret_for_another_address")
    ]
    entered = seal_configuration(name, {**public, **values, secret: "another"}, Kept((), public, sealed))
    assert not same_secrets(sealed, entered[1])
