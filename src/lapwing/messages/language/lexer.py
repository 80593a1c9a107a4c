"""Cuts a source into literal text, {{ outputs }} and {% statements %}."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from lapwing.messages.language.errors import TemplateError, shown
from lapwing.messages.language.limits import MAX_SOURCE, MAX_TAG, MAX_TAGS
from lapwing.messages.language.modes import UNWRITABLE


class Sort(Enum):
    TEXT = auto()
    OUTPUT = auto()
    STATEMENT = auto()


@dataclass(frozen=True)
class Piece:
    """`content` is the text, or what stands between the braces; `at` is where the content begins."""

    sort: Sort
    content: str
    at: int


_CLOSING = {"{{": "}}", "{%": "%}"}
_SORTS = {"{{": Sort.OUTPUT, "{%": Sort.STATEMENT}


def pieces(source: str) -> Iterator[Piece]:
    """Raises TemplateError for a brace that is not closed, a control character, and too long a source."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(
            "template_too_large",
            f"expected at most {MAX_SOURCE:,} characters, found {len(source):,}; shorten the template",
            source="",
            at=0,
        )
    if unreadable := UNWRITABLE.search(source):
        problem = f"expected readable characters, found {shown(unreadable[0])}; delete it"
        raise TemplateError("template_syntax", problem, source=source, at=unreadable.start())
    at, tags = 0, 0
    while at < len(source):
        opening = _next_opening(source, at)
        if opening > at:
            yield Piece(Sort.TEXT, source[at:opening], at)
        if opening == len(source):
            return
        tags += 1
        tag, at = _tag(source, opening, tags)
        yield tag


def _next_opening(source: str, at: int) -> int:
    while (brace := source.find("{", at)) >= 0:
        if source[brace : brace + 2] in _CLOSING:
            return brace
        at = brace + 1
    return len(source)


def _tag(source: str, opening: int, tags: int) -> tuple[Piece, int]:
    """The tag that begins at `opening`, and where the text goes on."""
    begins = source[opening : opening + 2]
    ends = _CLOSING[begins]
    end = source.find(ends, opening + 2, opening + 2 + MAX_TAG + len(ends))
    if end < 0:
        raise TemplateError(
            "template_syntax",
            f"expected {ends} that closes this {begins} within {MAX_TAG} characters, found none",
            source=source,
            at=opening,
        )
    if tags > MAX_TAGS:
        raise TemplateError(
            "template_too_large",
            f"expected at most {MAX_TAGS:,} braces, found more",
            source=source,
            at=opening,
        )
    content = source[opening + 2 : end]
    return Piece(_SORTS[begins], content, opening + 2), end + len(ends)
