"""Safe YAML without what a definition never needs: anchors, tags, repeated keys, keys that are no texts."""

from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

MAX_DEPTH = 20
_TEXT = "tag:yaml.org,2002:str"


class StrictLoader(yaml.SafeLoader):
    """Refuses each with its line and column, before anything is built from it."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._documents = 0

    def get_event(self) -> yaml.Event:
        event = super().get_event()
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                _refuse("one document is expected, here begins a second one", event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            _refuse("anchors and aliases are not read; write the value out", event)
        if getattr(event, "tag", None) is not None:
            _refuse("tags are not read; write the plain value", event)
        if isinstance(event, yaml.CollectionStartEvent):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                _refuse(f"nested more than {MAX_DEPTH} deep", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._depth -= 1
        return event

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.tag != _TEXT:
                _refuse("a key must be a text; put it in quotes", key_node)
            key = self.construct_scalar(key_node)
            if key in found:
                _refuse(f"the key {key[:80]!r} is there twice", key_node)
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def flatten_mapping(self, node: MappingNode) -> None:
        """Nothing is merged: `<<` is a key like another, and no text."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError):  # a 31 February, a number of 5,000 digits
            _refuse(f"{str(node.value)[:80]!r} is no date or number that exists", node)


# Two plain words have tags of their own in YAML 1.1; for us they are texts.
for _word in ("merge", "value"):
    StrictLoader.add_constructor(f"tag:yaml.org,2002:{_word}", yaml.SafeLoader.construct_yaml_str)


def _refuse(problem: str, at: yaml.Event | Node) -> Any:
    raise ConstructorError(None, None, problem, at.start_mark)


def in_words(error: yaml.YAMLError) -> str:
    """Line and column, counted from 1, and what is wrong there."""
    if isinstance(error, yaml.reader.ReaderError):
        return f"character {error.position + 1}: {error.reason}"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "is not YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem
