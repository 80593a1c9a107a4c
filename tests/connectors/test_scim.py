"""What is particular to SCIM: whose user it is, what others wrote in it, and versions."""

import pytest

from lapwing.connectors.errors import Rejected
from lapwing.connectors.orders import Outcome
from tests.connectors.conftest import order
from tests.connectors.systems import ScimSystem

pytestmark = pytest.mark.xdist_group("provider_scim")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def post(system: ScimSystem, **user: object) -> dict:
    with system.http() as http:
        answer = http.post("/Users", json={"schemas": [USER], **user})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_user_carries_identity_name_and_address_of_the_customer(scim_system: ScimSystem, service: str):
    with scim_system.connect() as connector:
        connector.bring(
            order(service, 1, identity=f"jane-{service}", name="Jane Roe", email="jane@customer.example")
        )
    user = scim_system.user(service)
    assert user["userName"] == f"jane-{service}" and user["displayName"] == "Jane Roe"
    assert user["emails"][0]["value"] == "jane@customer.example"


def test_a_user_of_nobody_is_taken_over_with_what_it_has(scim_system: ScimSystem, service: str):
    """The provider made it before we came; what others wrote in it stays."""
    others = {"type": "licence", "value": "gold"}
    made = post(scim_system, userName=f"jane-{service}", active=True, nickName="J", entitlements=[others])
    with scim_system.connect() as connector:
        receipt = connector.bring(order(service, 1, identity=f"jane-{service}", active=False))
    user = scim_system.user(service)
    assert receipt.changed and user["id"] == made["id"] == receipt.reference
    assert user["active"] is False and user["nickName"] == "J"
    assert others in [{"type": entry["type"], "value": entry["value"]} for entry in user["entitlements"]]


def test_a_user_of_another_service_is_not_touched(scim_system: ScimSystem, service: str):
    """Deactivating one service of a customer must not lock out the other."""
    with scim_system.connect() as connector:
        connector.bring(order(service, 1, identity=f"jane-{service}"))
        before = scim_system.user(service)
        with pytest.raises(Rejected, match="belongs to") as caught:
            connector.bring(order(f"{service}-second", 1, identity=f"jane-{service}", active=False))
    assert caught.value.reason == "identity_taken" and not caught.value.worth_retrying
    assert scim_system.user(service) == before


def test_a_change_made_there_by_hand_is_set_right(scim_system: ScimSystem, service: str):
    with scim_system.connect() as connector:
        connector.bring(order(service, 1))
        user = scim_system.user(service)
        with scim_system.http() as http:
            http.put(f"/Users/{user['id']}", json={**user, "active": False}).raise_for_status()
        assert connector.look(service).active is False
        assert connector.bring(order(service, 1)).outcome is Outcome.CHANGED
    assert scim_system.user(service)["active"] is True
