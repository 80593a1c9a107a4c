"""Reads what stands between the braces: a name, and filters behind it."""

import re

from lapwing.messages.language.errors import TemplateError, shown
from lapwing.messages.language.filters import FILTERS
from lapwing.messages.language.limits import MAX_NAME_PARTS
from lapwing.messages.language.nodes import FilterCall, Output, Path

_NAME = "[a-z][a-z0-9_]{0,39}"
_WORD = re.compile(rf"""\s*(?:(?P<path>{_NAME}(?:\.{_NAME})*)|(?P<text>"[^"]*"|'[^']*')|(?P<sign>[|:]))""")
KEYWORDS = frozenset({"if", "else", "endif", "for", "in", "endfor"})


class Words:
    """The words of one tag, taken from the left. Every refusal names the place it was met."""

    def __init__(self, content: str, *, source: str, at: int) -> None:
        self._content, self._source, self._start = content, source, at
        self._position = 0

    @property
    def at(self) -> int:
        rest = self._content[self._position :]
        return self._start + self._position + len(rest) - len(rest.lstrip())

    def ended(self) -> bool:
        return not self._content[self._position :].strip()

    def path(self, expected: str = "a name like customer.name") -> Path:
        at = self.at
        word = self._take("path", expected)
        parts = tuple(word.split("."))
        if len(parts) > MAX_NAME_PARTS or not KEYWORDS.isdisjoint(parts[:1]):
            raise self.error(at, f"expected {expected}, found {shown(word)}")
        return Path(parts, at)

    def plain_name(self, expected: str) -> str:
        path = self.path(expected)
        name, *more = path.parts
        if more:
            raise self.error(path.at, f"expected {expected}, found {shown(str(path))}")
        return name

    def keyword(self, keyword: str) -> None:
        at = self.at
        if (found := self._take("path", keyword)) != keyword:
            raise self.error(at, f"expected {keyword}, found {shown(found)}")

    def sign(self, sign: str) -> bool:
        """Takes the sign where it comes next."""
        match = _WORD.match(self._content, self._position)
        if match is None or match["sign"] != sign:
            return False
        self._position = match.end()
        return True

    def argument(self) -> Path | str:
        match = _WORD.match(self._content, self._position)
        if match and match["text"] is not None:
            self._position = match.end()
            return match["text"][1:-1]
        return self.path('a name or a "text" in quotes')

    def end(self) -> None:
        if not self.ended():
            raise self.error(self.at, f"expected the end of the braces, found {self._rest()}")

    def _take(self, group: str, expected: str) -> str:
        match = _WORD.match(self._content, self._position)
        if match is None or match[group] is None:
            raise self.error(self.at, f"expected {expected}, found {self._rest()}")
        self._position = match.end()
        return match[group]

    def _rest(self) -> str:
        rest = self._content[self._position :].strip()
        return shown(rest) if rest else "nothing"

    def error(self, at: int, problem: str) -> TemplateError:
        return TemplateError("template_syntax", problem, source=self._source, at=at)


def output(words: Words) -> Output:
    """name | filter | filter: argument"""
    at = words.at
    path = words.path()
    filters = []
    while words.sign("|"):
        filters.append(_filter(words))
    words.end()
    return Output(path, tuple(filters), at)


def _filter(words: Words) -> FilterCall:
    at = words.at
    known = ", ".join(FILTERS)
    name = words.plain_name(f"a filter ({known})")
    if name not in FILTERS:
        raise words.error(at, f"expected a filter ({known}), found {shown(name)}")
    argument = words.argument() if words.sign(":") else None
    if (argument is not None) != FILTERS[name].takes_argument:
        wanted = f"a colon and {FILTERS[name].argument}" if FILTERS[name].takes_argument else "no argument"
        raise words.error(at, f"expected {wanted} after the filter {name}")
    return FilterCall(name, argument, at)
