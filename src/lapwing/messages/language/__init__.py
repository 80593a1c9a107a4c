"""The language of e-mail templates: names out of plain dictionaries, five filters, if and for. Nothing else.

`parse` reads a source, `check` holds it against the tokens its event declares, `check_places` looks where in HTML they
stand, `render` fills it in. Whatever is wrong with a source or with its data ends in TemplateError, which names line
and column; nothing else is ever raised.
"""

from lapwing.messages.language.checking import check
from lapwing.messages.language.errors import TemplateError
from lapwing.messages.language.html_places import check_places
from lapwing.messages.language.modes import HTML, SUBJECT, TEXT, Mode
from lapwing.messages.language.nodes import Template
from lapwing.messages.language.parser import parse
from lapwing.messages.language.rendering import render

__all__ = [
    "HTML",
    "SUBJECT",
    "TEXT",
    "Mode",
    "Template",
    "TemplateError",
    "check",
    "check_places",
    "parse",
    "render",
]
