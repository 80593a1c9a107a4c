"""Three ways of writing: text, HTML, and a subject line. Each makes what customers typed harmless in its place."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from lapwing.messages.language.limits import MAX_SUBJECT

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEWLINE = re.compile("\r\n?|[\u2028\u2029]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Mode:
    """`literal` is for the template's own words, `value` for what is filled in, `whole` for the end result."""

    name: str
    literal: Callable[[str], str]
    value: Callable[[str], str]
    whole: Callable[[str], str]


def _clean(text: str) -> str:
    """One sort of line end; control characters and half characters become the sign for unreadable."""
    return UNWRITABLE.sub("\ufffd", _NEWLINE.sub("\n", text))


def _escaped(text: str) -> str:
    return html.escape(_clean(text), quote=True)


def _single_line(text: str) -> str:
    """No line end and no control character is left, so a subject cannot become a further header."""
    line = _SPACES.sub(" ", UNWRITABLE.sub(" ", text)).strip()
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def _same(text: str) -> str:
    return text


TEXT = Mode("text", _clean, _clean, _same)
HTML = Mode("html", _clean, _escaped, _same)
SUBJECT = Mode("subject", _clean, _clean, _single_line)
