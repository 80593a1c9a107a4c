"""The one error of the template language."""

from lapwing.core.errors import Refused


class TemplateError(Refused):
    """A template that cannot be read or filled in; the message names line and column (from 1).

    Codes: template_syntax, template_too_large, template_unknown_name, template_bad_value,
    template_output_too_large, template_too_slow.
    """

    def __init__(self, code: str, problem: str, *, source: str, at: int) -> None:
        before = source[:at]
        self.problem = problem
        self.line = before.count("\n") + 1
        self.column = at - (before.rfind("\n") + 1) + 1
        super().__init__(code, f"line {self.line}, column {self.column}: {problem}")


class BadValue(ValueError):
    """A value that a filter or the output cannot use; the renderer adds the place."""


def shown(text: str) -> str:
    """What was found, short enough and printable for a message."""
    return ascii(text[:40])
