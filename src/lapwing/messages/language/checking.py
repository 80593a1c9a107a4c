"""Holds a template against what its event declares: every name, filter and list, in every branch."""

from collections.abc import Iterable

from babel import Locale

from lapwing.messages.language.errors import TemplateError
from lapwing.messages.language.filters import locale_of
from lapwing.messages.language.nodes import For, If, Node, Output, Template
from lapwing.messages.language.values import Names, find, items, written


def check(template: Template, sample: Names) -> None:
    """`sample` has a value for each name that may be used; a list has at least one item.

    Both branches of every if are walked, so an unknown name cannot hide in the one that is seldom taken.
    Raises TemplateError at the first thing that is wrong.
    """
    _walk(template.nodes, sample, template.source, locale_of("en"))


def _walk(nodes: Iterable[Node], names: Names, source: str, locale: Locale) -> None:
    for node in nodes:
        if isinstance(node, Output):
            written(node, names, source, locale)
        elif isinstance(node, If):
            find(node.condition, names, source)
            _walk(node.then, names, source, locale)
            _walk(node.otherwise, names, source, locale)
        elif isinstance(node, For):
            if node.name in names:
                problem = (
                    f"expected a new name for each item, found {node.name}, which means something already"
                )
                raise TemplateError("template_syntax", problem, source=source, at=node.at)
            for item in items(node.path, names, source)[:1]:
                _walk(node.body, {**names, node.name: item}, source, locale)
