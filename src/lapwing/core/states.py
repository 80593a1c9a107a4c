"""State machines as tables: (from, event) -> to."""

from collections.abc import Mapping
from dataclasses import dataclass

from lapwing.core.errors import Refused


@dataclass(frozen=True)
class StateMachine:
    """All legal transitions of one sort of thing; whatever is not in the table is refused."""

    what: str
    table: Mapping[tuple[str, str], str]

    def target(self, state: str, event: str, subject: str) -> str:
        """The state after `event`. Raises Refused `illegal_transition`, naming the states it is legal from."""
        try:
            return self.table[(state, event)]
        except KeyError:
            legal = ", ".join(self.sources(event)) or "no state"
            raise Refused(
                "illegal_transition",
                f"{self.what} {subject} is {state}; {event.replace('_', ' ')} is possible from: {legal}",
            ) from None

    def sources(self, event: str) -> list[str]:
        return [state for (state, name) in self.table if name == event]

    def events(self, state: str) -> list[str]:
        """What may be done in this state: screens ask the table that enforces it."""
        return [event for (source, event) in self.table if source == state]
