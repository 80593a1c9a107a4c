"""Refusals: what was asked, what was expected and found, what to do next, with a stable code."""

from dataclasses import dataclass


class Refused(Exception):
    """An action that the rules do not allow. Nothing was changed.

    `code` is stable and unique; the message names the object, what was found and the next step.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


@dataclass(frozen=True, order=True)
class Problem:
    """One wrong field of a definition, or one wrong cell of a file."""

    field: str
    message: str
    code: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message} ({self.code})"


class Invalid(Refused):
    """Something written by a person that is wrong in one or more places; all of them are named."""

    def __init__(self, code: str, what: str, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(code, f"{what}: " + "; ".join(str(problem) for problem in problems))
