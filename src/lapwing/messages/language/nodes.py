"""What a template consists of, once read. `at` is the offset in the source, for messages."""

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Path:
    """customer.name: dictionary keys, one below the other."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True)
class FilterCall:
    name: str
    argument: Path | str | None
    at: int


@dataclass(frozen=True)
class Text:
    text: str
    at: int


@dataclass(frozen=True)
class Output:
    path: Path
    filters: tuple[FilterCall, ...]
    at: int


@dataclass(frozen=True)
class If:
    condition: Path
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]
    at: int


@dataclass(frozen=True)
class For:
    name: str
    path: Path
    body: tuple["Node", ...]
    at: int


Node = Union[Text, Output, If, For]  # noqa: UP007 - the members are named before they exist


@dataclass(frozen=True)
class Template:
    source: str
    nodes: tuple[Node, ...]
