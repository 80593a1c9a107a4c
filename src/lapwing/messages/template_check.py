"""Reads the three parts of an e-mail template and holds them against the event. All that is wrong is named at once."""

from collections.abc import Callable

from lapwing.core.errors import Invalid, Problem
from lapwing.messages.events import Event
from lapwing.messages.language import Template, TemplateError, check, check_places, parse
from lapwing.messages.tokens import sample_of

PARTS = ("subject_line", "body_text", "body_html")


def check_parts(event: Event, code: str, parts: dict[str, str]) -> None:
    """`parts` has a source for each of PARTS. Raises Invalid `bad_template`."""
    problems = [problem for part in PARTS for problem in _problems(event, part, parts[part])]
    if problems:
        raise Invalid("bad_template", f"e-mail template {code} of {event.name}", problems)


def _problems(event: Event, part: str, source: str) -> list[Problem]:
    if not source.strip() and part != "body_html":
        return [Problem(part, "is empty; a mail needs it", "empty")]
    if part == "subject_line" and len(source.splitlines()) > 1:
        return [Problem(part, "expected a single line, found more", "several_lines")]
    sample = sample_of(event)
    looks: list[Callable[[Template], None]] = [lambda template: check(template, sample)]
    if part == "body_html":
        looks.append(lambda template: check_places(template, sample))
    try:
        template = parse(source)
        for look in looks:
            look(template)
    except TemplateError as error:
        return [Problem(part, error.message, error.code)]
    return []
