"""The sandbox provider: a process of its own that counts what it did and misbehaves when told.

It compares revisions and knows idempotency keys, so a late or repeated order has no effect there.
Source: `python -m lapwing.connectors.sandbox_provider`.
"""

from typing import Any, NoReturn
from urllib.parse import quote

from lapwing.connectors.comparing import ComparingConnector, Found, Superseded
from lapwing.connectors.errors import OutcomeUnknown, Rejected, Unreachable
from lapwing.connectors.http_exchange import Answer, Call, HttpConfiguration, HttpExchange
from lapwing.connectors.limits import Patience
from lapwing.connectors.orders import ServiceOrder, ServiceState, as_ordered
from lapwing.connectors.port import connectors


def _refusal(body: dict[str, Any]) -> tuple[str, str]:
    return str(body.get("error", "")), str(body.get("message", ""))


@connectors.register
class SandboxConnector(ComparingConnector[None]):
    name = "sandbox"
    label = "Sandbox provider"
    Configuration = HttpConfiguration
    knows_agreements = True
    notes_absence = True

    def __init__(self, configuration: HttpConfiguration) -> None:
        super().__init__(configuration)
        self._http = HttpExchange(self.label, configuration)

    def look(self, service: str) -> ServiceState | None:
        return self._state(service, self.patience())

    def find(self, order: ServiceOrder, patience: Patience) -> Found[None]:
        return Found(self._state(order.service, patience), None)

    def write(
        self, order: ServiceOrder, found: Found[None], *, patience: Patience, deadline: float
    ) -> ServiceState | None:
        call = Call(
            "PUT",
            _path(order.service),
            expected=(200, 409),
            body=_body(order),
            headers={"Idempotency-Key": order.key},
            says_why=_refusal,
        )
        answer = self._http.send(call, patience, deadline=deadline)
        if answer.status == 409:
            self._refused(order, answer)
        state = _read(answer.body)
        if state is None:
            raise OutcomeUnknown(f"{self.label}: order {order.key} was answered without a state; look again")
        if answer.body.get("replayed"):
            return self._repeated(order, patience)
        return state if answer.body.get("there") else None

    def accepted(self, identity: str) -> bool:
        call = Call("GET", f"/agreements/{quote(identity, safe='')}", expected=(200, 404), says_why=_refusal)
        return self._http.send(call, self.patience()).body.get("state") == "accepted"

    def check(self) -> None:
        self._http.send(Call("GET", "/ping", says_why=_refusal), self.patience())

    def close(self) -> None:
        self._http.close()

    def _state(self, service: str, patience: Patience) -> ServiceState | None:
        answer = self._http.send(
            Call("GET", _path(service), expected=(200, 404), says_why=_refusal), patience
        )
        if answer.status == 404:
            return None
        state = _read(answer.body)
        if state is None:
            raise Unreachable(
                f"{self.label}: its answer on service {service} holds no state; nothing was done"
            )
        return state

    def _refused(self, order: ServiceOrder, answer: Answer) -> NoReturn:
        code, words = _refusal(answer.body)
        if code == "older_revision":
            raise Superseded(words)
        raise Rejected(code, f"{self.label} refused order {order.key}: {words}")

    def _repeated(self, order: ServiceOrder, patience: Patience) -> ServiceState | None:
        """The key was known, so nothing was done now: what is there now is asked, not remembered."""
        state = self._state(order.service, patience)
        if state is not None and state.revision > order.revision:
            raise Superseded
        if as_ordered(order, state):
            return state
        raise Rejected(
            "changed_there",
            f"{self.label}: order {order.key} was carried out before and service {order.service} was changed there "
            "since; order it again as a new change",
        )


def _path(service: str) -> str:
    return f"/services/{quote(service, safe='')}"


def _body(order: ServiceOrder) -> dict[str, Any]:
    return {
        "active": order.active,
        "quantity": order.quantity,
        "product": order.product,
        "identity": order.identity,
        "revision": order.revision,
        "event": order.event,
    }


def _read(body: dict[str, Any]) -> ServiceState | None:
    """None where the answer is not a state."""
    types = {"active": bool, "quantity": int, "product": str, "revision": int, "reference": str}
    if any(type(body.get(name)) is not expected for name, expected in types.items()):
        return None
    return ServiceState(**{name: body[name] for name in types})
