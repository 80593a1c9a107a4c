"""SCIM 2.0 (RFC 7643, 7644): a service is a user that may log in or not.

The user's externalId is our number of the service, its userName the customer's identity (the service's number where
nobody mapped one). Product, quantity and revision are entitlements of the types `lapwing-...`; those of others stay.
A user of that name without an externalId is taken over; one that belongs to another service is refused.

Changes carry If-Match where the server gives versions (meta.version), so a late one fails. Where it gives none, or
drops entitlements, a change frozen between look and send can overwrite a newer one; the reconciliation finds it.
"""

import json
from typing import Any
from urllib.parse import quote

from lapwing.connectors.comparing import ComparingConnector, Conflict, Found
from lapwing.connectors.errors import OutcomeUnknown, Rejected, Unreachable
from lapwing.connectors.http_exchange import Call, HttpConfiguration, HttpExchange
from lapwing.connectors.limits import Patience
from lapwing.connectors.orders import ServiceOrder, ServiceState
from lapwing.connectors.port import connectors

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OURS = "lapwing-"
User = dict[str, Any]


@connectors.register
class ScimConnector(ComparingConnector[User]):
    name = "scim"
    label = "SCIM 2.0"
    Configuration = HttpConfiguration

    def __init__(self, configuration: HttpConfiguration) -> None:
        super().__init__(configuration)
        self._http = HttpExchange(self.label, configuration)

    def look(self, service: str) -> ServiceState | None:
        user = self._user("externalId", service, self.patience())
        return state_of(user) if user else None

    def find(self, order: ServiceOrder, patience: Patience) -> Found[User]:
        user = self._user("externalId", order.service, patience)
        if user is None:
            user = self._user("userName", order.identity or order.service, patience)
            self._nobody_elses(order, user)
        return Found(state_of(user) if user else None, user or {})

    def write(
        self, order: ServiceOrder, found: Found[User], *, patience: Patience, deadline: float
    ) -> ServiceState:
        call = _changing(order, found.witness) if found.witness else _creating(order)
        answer = self._http.send(call, patience, deadline=deadline)
        if answer.status in (404, 409, 412):
            raise Conflict(_refusal(answer.body)[1])
        user = answer.body or self._user("externalId", order.service, patience)
        if not user or not _is_user(user):
            raise OutcomeUnknown(f"{self.label}: order {order.key} was answered without a user; look again")
        return state_of(user)

    def check(self) -> None:
        self._user("externalId", "lapwing-check", self.patience())

    def close(self) -> None:
        self._http.close()

    def _user(self, attribute: str, value: str, patience: Patience) -> User | None:
        query = {"filter": f"{attribute} eq {json.dumps(value)}", "count": "2"}
        body = self._http.send(Call("GET", "/Users", query=query, says_why=_refusal), patience).body
        found = body.get("Resources", [])
        if not isinstance(found, list) or "totalResults" not in body or not all(map(_is_user, found)):
            raise Unreachable(
                f"{self.label}: expected a list of users, found something else; nothing was done"
            )
        if len(found) > 1:
            raise Rejected(
                "ambiguous",
                f"{self.label}: more than one user has the {attribute} {value}; remove all but one",
            )
        return found[0] if found else None

    def _nobody_elses(self, order: ServiceOrder, user: User | None) -> None:
        if user and user.get("externalId"):
            raise Rejected(
                "identity_taken",
                f"{self.label}: user {order.identity or order.service} belongs to {user['externalId']}, expected "
                f"nobody or {order.service}; correct the identity of the customer",
            )


def state_of(user: User) -> ServiceState:
    ours = {
        str(entry.get("type", "")).removeprefix(OURS): str(entry.get("value", ""))
        for entry in _entitlements(user)
        if _is_ours(entry)
    }
    return ServiceState(
        active=user.get("active") if isinstance(user.get("active"), bool) else None,
        quantity=_number(ours.get("quantity")),
        product=ours.get("product"),
        revision=_number(ours.get("revision")) or 0,
        reference=user["id"],
    )


def _creating(order: ServiceOrder) -> Call:
    body: dict[str, Any] = {
        "schemas": [USER],
        "userName": order.identity or order.service,
        "externalId": order.service,
        "displayName": order.name or order.service,
        "active": order.active,
        "entitlements": _with_ours(order, []),
    }
    if order.email:
        body["emails"] = [{"value": order.email, "primary": True}]
    return Call("POST", "/Users", expected=(201, 409), body=body, says_why=_refusal)


def _changing(order: ServiceOrder, user: User) -> Call:
    version = (user.get("meta") or {}).get("version")
    values = {
        "active": order.active,
        "externalId": order.service,
        "entitlements": _with_ours(order, _entitlements(user)),
    }
    operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return Call(
        "PATCH",
        f"/Users/{quote(user['id'], safe='')}",
        expected=(200, 204, 404, 409, 412),
        body={"schemas": [PATCH], "Operations": operations},
        headers={"If-Match": version} if isinstance(version, str) else {},
        says_why=_refusal,
    )


def _with_ours(order: ServiceOrder, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ours = {"product": order.product, "quantity": order.quantity, "revision": order.revision}
    kept = [entry for entry in others if not _is_ours(entry)]
    return kept + [{"type": OURS + name, "value": str(value)} for name, value in ours.items() if value != ""]


def _entitlements(user: User) -> list[dict[str, Any]]:
    found = user.get("entitlements")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _is_ours(entry: dict[str, Any]) -> bool:
    return str(entry.get("type", "")).startswith(OURS)


def _is_user(found: object) -> bool:
    return isinstance(found, dict) and isinstance(found.get("id"), str)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _refusal(body: dict[str, Any]) -> tuple[str, str]:
    """RFC 7644, 3.12."""
    return str(body.get("scimType", "")), str(body.get("detail", ""))
