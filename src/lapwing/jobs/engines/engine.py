"""The boundary of a distributed engine: it carries numbers of rows and a token, never a job."""

from collections.abc import Sequence
from typing import Protocol


class EngineAway(RuntimeError):
    """The broker cannot be reached; the jobs stay in the ledger."""


class Engine(Protocol):
    """What a broker must offer. A worker's entry is `carry_out_chunk`."""

    name: str

    def publish(self, ids: Sequence[int], token: str) -> None:
        """Hands a chunk to any worker. Raises EngineAway."""
        ...

    def health(self) -> str:
        """What is wrong, in words; empty where nothing is."""
        ...

    def purge(self) -> int:
        """Drops all messages; the ledger hands their jobs out again. Returns how many there were."""
        ...
