"""Where in an HTML body a name may stand: in text and in quoted attributes, where escaping is enough.

Escaping does not help in a script, in a style, outside quotes, or at the beginning of a link, where javascript: would
be an address. There a name is refused, except at the beginning of a link one whose sample is itself a link.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lapwing.messages.language.errors import TemplateError, shown
from lapwing.messages.language.nodes import For, If, Node, Output, Template
from lapwing.messages.language.values import Names, find, items

# Elements whose content is not plain text, or that load, run or send something.
REFUSED_ELEMENTS = frozenset(
    {
        "applet",
        "base",
        "embed",
        "form",
        "frame",
        "frameset",
        "iframe",
        "link",
        "math",
        "meta",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "plaintext",
        "script",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "xmp",
    }
)
LINKS = frozenset({"href", "src", "background", "cite", "action", "formaction", "poster", "longdesc", "data"})
REFUSED_ATTRIBUTES = frozenset({"style", "srcdoc", "srcset", "ping"})
LINK_START = re.compile(r"(https?://|mailto:)", re.IGNORECASE)

_ELEMENT = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]*)")
_ATTRIBUTE = re.compile(r"""\s*(?:/|(?P<name>[^\s"'<>/=]+)(?:\s*=\s*(?P<quote>["']?))?)""")


@dataclass(frozen=True)
class _Place:
    """`kind` is text, comment, tag or attribute; `written` is the attribute's value so far."""

    kind: str = "text"
    attribute: str = ""
    quote: str = ""
    written: str = ""

    def alike(self, other: "_Place") -> bool:
        same_start = bool(LINK_START.match(self.written)) == bool(LINK_START.match(other.written))
        return same_start and replace(self, written="") == replace(other, written="")


def check_places(template: Template, sample: Names) -> None:
    """Raises TemplateError `template_unsafe_place`."""
    walker = _Walker(template.source)
    if (end := walker.walk(template.nodes, sample, _Place())).kind != "text":
        raise walker.refusal(len(template.source), f"expected that the last {end.kind} is closed")


class _Walker:
    def __init__(self, source: str) -> None:
        self._source = source

    def walk(self, nodes: Iterable[Node], names: Names, place: _Place) -> _Place:
        for node in nodes:
            if isinstance(node, If | For) and place.kind == "tag":
                raise self.refusal(node.at, "if and for may not stand in a tag; put the whole tag inside")
            if isinstance(node, Output):
                place = self._output(node, names, place)
            elif isinstance(node, If):
                then = self.walk(node.then, names, place)
                otherwise = self.walk(node.otherwise, names, place)
                self._same(then, otherwise, node.at)
                place = then
            elif isinstance(node, For):
                item = next(iter(items(node.path, names, self._source)), None)
                self._same(self.walk(node.body, {**names, node.name: item}, place), place, node.at)
            else:
                place = self._text(node.text, node.at, place)
        return place

    def refusal(self, at: int, problem: str) -> TemplateError:
        return TemplateError("template_unsafe_place", problem, source=self._source, at=at)

    def _same(self, one: _Place, other: _Place, at: int) -> None:
        if not one.alike(other):
            raise self.refusal(at, "expected each branch to close the tags and quotes that it opens")

    def _output(self, node: Output, names: Names, place: _Place) -> _Place:
        if place.kind in ("tag", "comment"):
            raise self.refusal(
                node.at, f"a name may not stand in a {place.kind}; put it in text or in quotes"
            )
        if place.kind == "text":
            return place
        if place.attribute in REFUSED_ATTRIBUTES or place.attribute.startswith("on"):
            raise self.refusal(node.at, f"a name may not stand in the attribute {shown(place.attribute)}")
        if place.attribute.rpartition(":")[2] in LINKS and not LINK_START.match(place.written):
            self._link(node, names, place)
            return replace(place, written="https://")
        return replace(place, written=place.written + "x")

    def _link(self, node: Output, names: Names, place: _Place) -> None:
        value = find(node.path, names, self._source)
        if place.written or node.filters or type(value) is not str or not LINK_START.match(value):
            raise self.refusal(
                node.at, f"{place.attribute} expected https:// or a name that is a link at its start"
            )

    def _text(self, text: str, at: int, place: _Place) -> _Place:
        position = 0
        while position < len(text):
            if place.kind == "text":
                position, place = self._in_text(text, position, at)
            elif place.kind == "comment":
                end = text.find("-->", position)
                position, place = (end + 3, _Place()) if end >= 0 else (len(text), place)
            elif place.kind == "tag":
                position, place = self._in_tag(text, position, at)
            else:
                position, place = _in_attribute(text, position, place)
        return place

    def _in_text(self, text: str, position: int, at: int) -> tuple[int, _Place]:
        start = text.find("<", position)
        if start < 0:
            return len(text), _Place()
        if text.startswith("<!--", start):
            return start + 4, _Place("comment")
        element = _ELEMENT.match(text, start)
        if element is None or element.end() == len(text) or element[1].lower() in REFUSED_ELEMENTS:
            found = shown(text[start : start + 12])
            raise self.refusal(
                at + start, f"expected a tag of plain HTML (or &lt; for the sign), found {found}"
            )
        return element.end(), _Place("tag")

    def _in_tag(self, text: str, position: int, at: int) -> tuple[int, _Place]:
        if text[position] == ">":
            return position + 1, _Place()
        if text[position].isspace():
            return position + 1, _Place("tag")
        part = _ATTRIBUTE.match(text, position)
        if part is None or (part["quote"] == "" and "=" in part[0]):
            raise self.refusal(at + position, 'expected attributes in quotes, like href="…", or >')
        if part["quote"]:
            return part.end(), _Place("attribute", part["name"].lower(), part["quote"])
        return part.end(), _Place("tag")


def _in_attribute(text: str, position: int, place: _Place) -> tuple[int, _Place]:
    end = text.find(place.quote, position)
    if end >= 0:
        return end + 1, _Place("tag")
    return len(text), replace(place, written=place.written + text[position:])
