"""An explanation for people and for programs."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import console, show_list
from lapwing.core.money import to_words
from lapwing.runs.codes import meaning
from lapwing.runs.kinds import Explanation


def as_record(found: Explanation) -> dict[str, Any]:
    return {
        "subscription": found.subject,
        "selected": found.selected,
        "outcome": found.outcome,
        "code": found.code or None,
        "amount_minor": found.amount_minor,
        "currency": found.currency,
        "criteria": [
            {"criterion": check.name, "expected": check.expected, "found": check.found, "pass": check.passed}
            for check in found.criteria
        ],
        "protections": [
            {"code": check.name, "applies": check.passed, "expected": check.expected, "found": check.found}
            for check in found.protections
        ],
    }


OUTCOMES = {
    "done": "would be acted on",
    "skipped": "is selected, but protected",
    "error": "is selected, but cannot be acted on",
    "not_selected": "is not selected",
}


def print_explanation(found: Explanation, code: str, day: date) -> None:
    owed = to_words(found.amount_minor, found.currency)
    click.echo(f"{found.subject} {OUTCOMES[found.outcome]} by {code} on {day}; its account owes {owed}")
    if found.code:
        click.echo(f"{found.code}: {meaning(found.code)}")
    show_list(
        [
            {
                "criterion": check.name,
                "expected": check.expected,
                "found": check.found,
                "": "pass" if check.passed else "FAIL",
            }
            for check in found.criteria
        ],
        "table",
        ["", "criterion", "expected", "found"],
    )
    if found.protections:
        console().print("protections:")
        show_list(
            [
                {"": "PROTECTS" if check.passed else "no", "code": check.name, "found": check.found}
                for check in found.protections
            ],
            "table",
            ["", "code", "found"],
        )
