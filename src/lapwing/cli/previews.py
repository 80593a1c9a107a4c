"""A preview for people and for programs."""

from typing import Any

import click

from lapwing.cli.output import console, show_list
from lapwing.core.money import to_words
from lapwing.runs.codes import meaning
from lapwing.runs.preview import Preview

SHOWN = 5


def as_record(found: Preview) -> dict[str, Any]:
    return {
        "selected": found.selected,
        "would_do": found.would_do,
        "would_skip": found.would_skip,
        "would_error": found.would_error,
        "accounts": found.owners,
        "amount_minor": found.amount_minor,
        "by": {
            facet: {
                name: {
                    "would_do": entry["would_do"],
                    "accounts": entry["owners"],
                    "amount_minor": entry["amount_minor"],
                }
                for name, entry in entries.items()
            }
            for facet, entries in found.by.items()
        },
        "sample": found.sample,
        "brake": found.held or None,
    }


def print_preview(found: Preview) -> None:
    amounts = ", ".join(to_words(minor, currency) for currency, minor in sorted(found.amount_minor.items()))
    click.echo(f"selected      {found.selected:>9,}")
    accounts = "1 account" if found.owners == 1 else f"{found.owners:,} accounts"
    click.echo(f"would do      {found.would_do:>9,}   on {accounts} owing {amounts or 'nothing'}")
    spared = [
        {"": word, "subjects": count, "code": code, "meaning": meaning(code)}
        for word, codes in (("would skip", found.would_skip), ("would fail", found.would_error))
        for code, count in sorted(codes.items())
    ]
    if spared:
        show_list(spared, "table", ["", "subjects", "code", "meaning"])
    if found.held:
        click.echo(f"the safety brake would stop it: {found.held}")
    groups = [
        {"group": facet, "value": name or "(none)", "would_do": entry["would_do"], "accounts": entry["owners"],
         "amount": ", ".join(to_words(m, c) for c, m in sorted(entry["amount_minor"].items()))}
        for facet, entries in found.by.items()
        for name, entry in entries.items()
    ]  # fmt: skip
    if groups:
        show_list(groups, "table", ["group", "value", "would_do", "accounts", "amount"])
    if found.sample:
        rows = [
            {**each, "amount": to_words(each["amount_minor"], each["currency"])}
            for each in found.sample[:SHOWN]
        ]
        console().print("the first by customer name:")
        show_list(rows, "table", ["customer", "subscription", "account", "amount"])
