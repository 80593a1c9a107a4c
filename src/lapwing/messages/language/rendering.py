"""Fills a template in, within its limits of size and time."""

import time
from collections.abc import Iterable

from babel import Locale

from lapwing.messages.language.errors import TemplateError
from lapwing.messages.language.filters import locale_of
from lapwing.messages.language.limits import MAX_LOOP_ITEMS, MAX_OUTPUT_BYTES, MAX_STEPS, MAX_TIME_S
from lapwing.messages.language.modes import Mode
from lapwing.messages.language.nodes import For, If, Node, Template, Text
from lapwing.messages.language.values import Names, find, items, written


def render(template: Template, names: Names, *, mode: Mode, language: str) -> str:
    """The text of a mail or of its subject. `language` (de, en-GB) decides how money and dates are written.

    `names` holds plain values only: dictionaries, lists, text, whole numbers, dates, yes and no, nothing.
    Raises TemplateError; nothing else, whatever the names hold.
    """
    renderer = _Renderer(template.source, mode, locale_of(language))
    renderer.write(template.nodes, names)
    return mode.whole("".join(renderer.parts))


class _Renderer:
    def __init__(self, source: str, mode: Mode, locale: Locale) -> None:
        self.parts: list[str] = []
        self._source, self._mode, self._locale = source, mode, locale
        self._steps, self._bytes = 0, 0
        self._deadline = time.thread_time() + MAX_TIME_S

    def write(self, nodes: Iterable[Node], names: Names) -> None:
        for node in nodes:
            self._step(node.at)
            if isinstance(node, Text):
                self._add(self._mode.literal(node.text), node.at)
            elif isinstance(node, If):
                holds = find(node.condition, names, self._source)
                self.write(node.then if holds else node.otherwise, names)
            elif isinstance(node, For):
                self._loop(node, names)
            else:
                text = written(node, names, self._source, self._locale)
                self._room_for(len(text), node.at)  # before the work of escaping it
                self._add(self._mode.value(text), node.at)

    def _loop(self, node: For, names: Names) -> None:
        found = items(node.path, names, self._source)
        if len(found) > MAX_LOOP_ITEMS:
            problem = f"{node.path}: expected at most {MAX_LOOP_ITEMS:,} items, found {len(found):,}"
            raise TemplateError("template_output_too_large", problem, source=self._source, at=node.at)
        for item in found:
            self._step(node.at)
            self.write(node.body, {**names, node.name: item})

    def _step(self, at: int) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS or time.thread_time() > self._deadline:
            problem = (
                f"expected to be done within {MAX_TIME_S * 1000:.0f} ms and {MAX_STEPS:,} steps, found more"
            )
            raise TemplateError("template_too_slow", problem, source=self._source, at=at)

    def _add(self, text: str, at: int) -> None:
        size = len(text.encode())
        self._room_for(size, at)
        self._bytes += size
        self.parts.append(text)

    def _room_for(self, size: int, at: int) -> None:
        if self._bytes + size > MAX_OUTPUT_BYTES:
            problem = f"expected at most {MAX_OUTPUT_BYTES // 1000} kB of output, found more"
            raise TemplateError("template_output_too_large", problem, source=self._source, at=at)
