"""What is told to a provider and what it tells back. Plain values: no database, no network."""

from dataclasses import dataclass, field
from enum import StrEnum


class Event(StrEnum):
    """Why a service is to change; what it is to be, the order says in full."""

    CREATE = "create"
    UPDATE = "update"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    PRICE = "price"


class Outcome(StrEnum):
    """How an order ended where it ended well."""

    CHANGED = "changed"
    ALREADY_SO = "already_so"  # the service was as ordered; at most the order's revision was noted
    SUPERSEDED = "superseded"  # the provider has a newer order of ours; nothing was sent


@dataclass(frozen=True)
class ServiceOrder:
    """One change of one service, as the whole of what the service is to be afterwards: bringing it twice is safe.

    Raises ValueError for what no caller may mean: no key, no service, a revision below 1, less than nothing.
    """

    key: str  # of the change, the same on every attempt
    service: str  # our number of the subscription
    revision: int  # the number of the change, from 1, growing per service
    event: Event
    active: bool
    quantity: int = 1  # absolute, never a difference
    product: str = ""
    identity: str = ""  # who the customer is at the provider, '' where nobody mapped it
    name: str = field(default="", repr=False)  # of the customer; personal data stay out of logs
    email: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.key or not self.service:
            raise ValueError("an order needs the key of its change and the number of its service")
        if self.revision < 1 or self.quantity < 0:
            raise ValueError(
                f"order {self.key}: expected a revision from 1 and a quantity from 0, "
                f"found {self.revision} and {self.quantity}"
            )


@dataclass(frozen=True)
class ServiceState:
    """What the provider says of a service. None where it does not tell; revision 0 where it has no order of ours."""

    active: bool | None
    quantity: int | None = None
    product: str | None = None
    revision: int = 0
    reference: str = ""  # the provider's own name for the service


@dataclass(frozen=True)
class Receipt:
    """What became of an order. `state` is None where the provider has no such service, or cannot tell."""

    outcome: Outcome
    state: ServiceState | None = None
    reference: str = ""

    @property
    def changed(self) -> bool:
        return self.outcome is Outcome.CHANGED


def as_ordered(order: ServiceOrder, state: ServiceState | None) -> bool:
    """Whether the service is what the order asks for, in everything the provider tells. What is not there is inactive;
    what does not tell its activity is not as ordered.
    """
    if state is None:
        return not order.active
    return (
        state.active is order.active
        and state.quantity in (None, order.quantity)
        and state.product in (None, order.product)
    )
