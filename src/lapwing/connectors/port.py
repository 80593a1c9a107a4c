"""The port to a provider: a system, or a person, that delivers a service to a customer.

An adapter is one file in `connectors/provider/` (or in a folder of that name of another installed app) and registers
its class. It knows orders and states, no table of ours. A connector is used by one thread at a time.

What no connector can promise: a process frozen after its last check of the deadline and before the kernel has the
bytes sends late. Where the system compares and sets (`keeps_revision`) that late change does nothing; elsewhere the
reconciliation of states finds it.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from lapwing.connectors.errors import CannotTell
from lapwing.connectors.limits import NEVER, Patience
from lapwing.connectors.orders import Receipt, ServiceOrder, ServiceState
from lapwing.core.registry import Registry


class ConnectorConfiguration(BaseModel):
    """What an operator enters for a connector. Fields of the type SecretStr are secret: sealed, never shown again.

    A form asks for each field by its `title`, or by its name in words, with its `description` beside it. `goes_to` are
    the fields that say where the secrets are sent: who changes one of them enters the secrets again.
    """

    goes_to: ClassVar[frozenset[str]] = frozenset({"url", "host", "port"})
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    time_limit_s: float = Field(
        10.0,
        gt=0,
        lt=60,
        title="Time limit",
        description="seconds for one exchange, connecting included",
    )
    total_limit_s: float = Field(
        30.0, gt=0, lt=60, title="Total time limit", description="seconds for all exchanges of one call"
    )

    @model_validator(mode="after")
    def _total_holds_one(self) -> Self:
        if self.total_limit_s < self.time_limit_s:
            raise ValueError("total_limit_s must be at least time_limit_s")
        return self

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        return frozenset(name for name, field in cls.model_fields.items() if field.annotation is SecretStr)


class ProviderConnector(ABC):
    """One provider, reached with one configuration."""

    name: ClassVar[str]
    label: ClassVar[str]
    Configuration: type[ConnectorConfiguration] = ConnectorConfiguration
    needs_provisioning = True  # False: nothing is ever to be told to it
    done_by_person = False  # True: orders are carried out by hand, `bring` is refused
    can_tell_state = True  # `look` answers
    keeps_revision = True  # an order older than the last one changes nothing, even when it arrives late
    knows_agreements = False  # `accepted` answers

    def __init__(self, configuration: ConnectorConfiguration) -> None:
        self.configuration = configuration

    @abstractmethod
    def look(self, service: str) -> ServiceState | None:
        """What the provider has for our number of the service; None when it has none.

        Raises Unreachable, Busy, CredentialsRefused, Rejected; CannotTell where `can_tell_state` is False.
        """

    @abstractmethod
    def bring(self, order: ServiceOrder, *, deadline: float = NEVER) -> Receipt:
        """Makes the service what the order says; looks first and sends nothing that is so already.

        Sends no change from the monotonic instant `deadline` on. A service that is not there is created where it is to
        be active; where it is to be inactive that is so already. Raises the errors of `connectors/errors.py`.
        """

    @abstractmethod
    def check(self) -> None:
        """Returns when the system can be reached and lets us in. Changes nothing. Raises a ConnectorError in words."""

    def accepted(self, identity: str) -> bool:
        """Whether the customer accepted the provider's agreement. Raises CannotTell unless `knows_agreements`."""
        raise CannotTell(
            f"{self.label} does not know agreements: whether {identity} accepted, a person must say"
        )

    def close(self) -> None:  # noqa: B027 - an adapter that holds nothing open has nothing to say
        """Gives back connections; the connector is not used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<connector {self.name}>"

    @property
    def secrets(self) -> list[str]:
        """Values that no message may contain."""
        fields = sorted(self.configuration.secret_fields())
        return [getattr(self.configuration, field).get_secret_value() for field in fields]

    def patience(self) -> Patience:
        return Patience(self.configuration.time_limit_s, self.configuration.total_limit_s)


connectors: Registry[type[ProviderConnector]] = Registry("provider connector", folder="connectors.provider")
