"""Look, decide, change only what was looked at: for systems that can tell a state and compare before they set.

Another worker may have brought a newer order between the look and the change; then the change must fail with Conflict
and everything is looked at again. Therefore a revision is noted even where the service is as ordered already: it is
what makes a late, older change fail.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from lapwing.connectors.errors import Busy, OutcomeUnknown
from lapwing.connectors.limits import NEVER, Patience
from lapwing.connectors.orders import Outcome, Receipt, ServiceOrder, ServiceState, as_ordered
from lapwing.connectors.port import ProviderConnector
from lapwing.connectors.words import quoted

ROUNDS = 3
R = TypeVar("R")


class Conflict(Exception):
    """The service is not as it was looked at, so nothing was done. The text says what the system said."""


class Superseded(Conflict):
    """And it is so because the provider knows a newer order of ours, even where it shows no service."""


@dataclass(frozen=True)
class Found(Generic[R]):
    """A service as it was looked at: its state (None: there is none), and what the adapter compares with."""

    state: ServiceState | None
    witness: R


class ComparingConnector(ProviderConnector, Generic[R]):
    """Brings orders by compare-and-set; an adapter says how to find and how to write."""

    notes_absence = (
        False  # True: a deactivation of what is not there is told too, so that a late creation fails
    )

    @abstractmethod
    def find(self, order: ServiceOrder, patience: Patience) -> Found[R]: ...

    @abstractmethod
    def write(
        self, order: ServiceOrder, found: Found[R], *, patience: Patience, deadline: float
    ) -> ServiceState:
        """Sends the change, valid only for what was found. Returns what the provider has afterwards.

        Raises Conflict when the provider has something else by now.
        """

    def bring(self, order: ServiceOrder, *, deadline: float = NEVER) -> Receipt:
        patience, last = self.patience(), ""
        for _ in range(ROUNDS):
            found = self.find(order, patience)
            done = settled(order, found.state, notes_absence=self.notes_absence)
            if done is not None:
                return _receipt(done, found.state)
            try:
                state = self.write(order, found, patience=patience, deadline=deadline)
            except Superseded:
                return _receipt(Outcome.SUPERSEDED, self.find(order, patience).state)
            except Conflict as conflict:
                last = str(conflict)
                continue
            return _receipt(_outcome(order, found.state), self._confirmed(order, state))
        raise Busy(
            f"{self.label}: order {order.key} for service {order.service} did not fit what was found {ROUNDS} times, "
            f"the last time because of {quoted(last, self.secrets)}; nothing was done, try again"
        )

    def _confirmed(self, order: ServiceOrder, state: ServiceState | None) -> ServiceState | None:
        """Raises OutcomeUnknown where the answer is about something else than what was ordered."""
        if as_ordered(order, state):
            return state
        raise OutcomeUnknown(
            f"{self.label}: order {order.key} was answered, expected service {order.service} to be "
            f"{_words(order)}, found it {_words(state) if state else 'not there'}; look again"
        )


def settled(
    order: ServiceOrder, state: ServiceState | None, *, notes_absence: bool = False
) -> Outcome | None:
    """How the order ends without anything being sent; None when something must be sent."""
    if state is None:
        return None if order.active or notes_absence else Outcome.ALREADY_SO
    if state.revision > order.revision:
        return Outcome.SUPERSEDED
    if state.revision == order.revision and as_ordered(order, state):
        return Outcome.ALREADY_SO
    return None


def _outcome(order: ServiceOrder, before: ServiceState | None) -> Outcome:
    return (
        Outcome.ALREADY_SO if as_ordered(order, before) else Outcome.CHANGED
    )  # else only the revision was noted


def _receipt(outcome: Outcome, state: ServiceState | None) -> Receipt:
    return Receipt(outcome, state, state.reference if state else "")


def _words(state: ServiceOrder | ServiceState) -> str:
    activity = {True: "active", False: "inactive", None: "of unknown activity"}[state.active]
    return f"{activity}, quantity {state.quantity}, product {state.product or '-'}"
