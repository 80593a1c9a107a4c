"""A provider without a system: a person carries out the orders and marks them provisioned."""

from pydantic import Field

from lapwing.connectors.errors import CannotTell, Rejected
from lapwing.connectors.limits import NEVER
from lapwing.connectors.orders import Receipt, ServiceOrder, ServiceState
from lapwing.connectors.port import ConnectorConfiguration, ProviderConnector, connectors


class ManualConfiguration(ConnectorConfiguration):
    """What the person needs to know."""

    instructions: str = Field("", title="Instructions")


@connectors.register
class ManualConnector(ProviderConnector):
    name = "manual"
    label = "By hand"
    Configuration = ManualConfiguration
    done_by_person = True
    can_tell_state = False
    keeps_revision = False

    def look(self, service: str) -> ServiceState | None:
        raise CannotTell(
            f"service {service} is provided by hand: no system knows its state; ask the person responsible"
        )

    def bring(self, order: ServiceOrder, *, deadline: float = NEVER) -> Receipt:
        raise Rejected(
            "done_by_person",
            f"order {order.key} for service {order.service} is carried out by hand, found it sent to a connector; "
            "remind the person responsible instead",
        )

    def check(self) -> None:
        """Nothing to reach."""
