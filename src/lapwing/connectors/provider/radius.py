"""RADIUS dynamic authorization (RFC 5176): ends or changes the sessions that a customer has at this moment.

Only the answer on the wire can be known: done, refused, or no such session, which is as good as done. The system keeps
no state of a service and no revision of ours: a late, older order has its effect, held back only by the deadline and
by the age that a server allows a request (Event-Timestamp). Whether the customer may come back, the login decides,
which is another system's; so a deactivation here goes together with one there. A Disconnect ends all sessions of the
user name, so customers with several services need an identity for each.
"""

from pydantic import Field
from pyrad.packet import CoAACK, CoANAK, CoAPacket, CoARequest, DisconnectACK, DisconnectRequest

from lapwing.connectors.errors import Busy, CannotTell, OutcomeUnknown, Rejected, Unreachable
from lapwing.connectors.limits import NEVER
from lapwing.connectors.orders import Outcome, Receipt, ServiceOrder, ServiceState
from lapwing.connectors.port import ProviderConnector, connectors
from lapwing.connectors.radius_wire import RadiusConfiguration, exchange
from lapwing.connectors.words import quoted

# Error-Cause, RFC 5176, 3.5.
NO_SUCH_SESSION = 503
NO_RESOURCES = 506
CAUSES = {
    401: "unsupported attribute",
    402: "missing attribute",
    403: "the access server has another identification",
    404: "invalid request",
    405: "unsupported service",
    406: "unsupported extension",
    407: "invalid value of an attribute",
    501: "administratively prohibited",
    502: "request not routable",
    504: "the session cannot be removed",
    505: "another error of a proxy",
    507: "request initiated",
    508: "it cannot choose among several sessions",
}


class RadiusProviderConfiguration(RadiusConfiguration):
    """What a change of a session carries. Values may hold {product}, {quantity} and {service}."""

    change_attributes: dict[str, str] = Field(
        default={"Filter-Id": "{product}"},
        min_length=1,
        title="Attributes of a change",
        description="values may hold {product}, {quantity} and {service}",
    )
    check_name: str = Field(
        "lapwing-check", title="User name of the check", description="a user that has no session"
    )


@connectors.register
class RadiusConnector(ProviderConnector):
    name = "radius"
    label = "RADIUS dynamic authorization"
    Configuration = RadiusProviderConfiguration
    configuration: RadiusProviderConfiguration
    can_tell_state = False
    keeps_revision = False

    def look(self, service: str) -> ServiceState | None:
        raise CannotTell(
            f"{self.label} cannot tell the state of service {service}; look at the system of logins"
        )

    def bring(self, order: ServiceOrder, *, deadline: float = NEVER) -> Receipt:
        attributes = {"User-Name": order.identity or order.service}
        if order.active:
            attributes |= {
                name: _filled(text, order) for name, text in self.configuration.change_attributes.items()
            }
        answer = exchange(
            self.configuration,
            CoARequest if order.active else DisconnectRequest,
            {name: value for name, value in attributes.items() if value},
            patience=self.patience(),
            deadline=deadline,
        )
        return self._receipt(order, answer)

    def check(self) -> None:
        """A request about a user without a session: any answer proves that the secret is the right one."""
        try:
            exchange(
                self.configuration,
                DisconnectRequest,
                {"User-Name": self.configuration.check_name},
                patience=self.patience(),
                deadline=NEVER,
            )
        except OutcomeUnknown as error:
            raise Unreachable(error.message) from None

    def _receipt(self, order: ServiceOrder, answer: CoAPacket) -> Receipt:
        if answer.code in (CoAACK, DisconnectACK):
            return Receipt(Outcome.CHANGED)
        cause = next(iter(answer.get("Error-Cause", [])), 0)
        if cause == NO_SUCH_SESSION:
            return Receipt(Outcome.ALREADY_SO)
        kind = "CoA" if answer.code == CoANAK else "Disconnect"
        said = quoted(" ".join(map(str, answer.get("Reply-Message", []))), self.secrets)
        if cause == NO_RESOURCES:
            raise Busy(f"{self.label}: {kind} for service {order.service}: no resources; try again later")
        words = CAUSES.get(cause, "no cause given")
        raise Rejected(
            str(cause or "nak"),
            f"{self.label}: {kind} for service {order.service} was refused: {words}, it said {said}",
        )


def _filled(text: str, order: ServiceOrder) -> str:
    """Only these three words, by plain replacement: `format` would open more of the order."""
    words = {"product": order.product, "quantity": str(order.quantity), "service": order.service}
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text
