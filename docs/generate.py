"""Writes the parts of the documentation that tables of the code say already: docs/codes.md, docs/connectors.md
and docs/states/*.md.

Run: python docs/generate.py (or `make docs`). A test compares the files with what this would write.
"""

import json
import os
from pathlib import Path

DOCS = Path(__file__).parent
NOTE = "<!-- made by docs/generate.py; do not edit -->\n"


def pages() -> dict[str, str]:
    """File names under docs/ and their whole text."""
    from lapwing.jobs.states import JOB
    from lapwing.messages.states import EMAIL
    from lapwing.runs.states import RUN
    from lapwing.subscriptions.states import ACTION, SUBSCRIPTION

    return {
        "codes.md": codes(),
        "connectors.md": settings(),
        "states/run.md": machine("Run", RUN.table),
        "states/subscription.md": machine("Subscription", SUBSCRIPTION.table),
        "states/job.md": machine("Job", JOB.table),
        "states/email.md": machine("E-mail", EMAIL.table),
        "states/action.md": machine("Action on a subscription", ACTION.table),
    }


def codes() -> str:
    from lapwing.runs.codes import all_codes

    lines = [NOTE, "# Codes of items and runs", ""]
    for of, title in (
        ("item", "Why an item was not done"),
        ("run", "Why a run is paused, failed or cancelled"),
    ):
        lines += [f"## {title}", "", "| code | meaning | next step |", "|---|---|---|"]
        lines += [f"| `{c.code}` | {c.meaning} | {c.next_step} |" for c in all_codes() if c.of == of]
        lines.append("")
    return "\n".join(lines)


def settings() -> str:
    """What each connector is configured with; what all of them share stands once, at the top."""
    from lapwing.connectors.port import ConnectorConfiguration, connectors

    shared = ConnectorConfiguration.model_fields
    lines = [NOTE, "# Settings of connectors", ""]
    lines += ["The keys of the JSON object for `lapwing provider set PROVIDER automatic --configuration FILE`.", ""]
    lines += ["## All of them", "", *table_of(ConnectorConfiguration, shared), ""]
    for each in connectors:
        own = {name: field for name, field in each.Configuration.model_fields.items() if name not in shared}
        lines += [f"## `{each.name}`", "", *table_of(each.Configuration, own), ""]
    return "\n".join(lines)


def table_of(configuration, fields) -> list[str]:
    from pydantic import SecretStr

    rows = ["| key | what | when left out |", "|---|---|---|"]
    secrets = configuration.secret_fields()
    for name, field in fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        left_out = "**must be given**" if field.is_required() else f"`{json.dumps(default)}`"
        told = "; ".join(filter(None, (field.title, field.description, "secret" if name in secrets else "")))
        rows.append(f"| `{name}` | {told} | {left_out} |")
    return rows


def machine(title: str, table) -> str:
    lines = [NOTE, f"# {title}", "", "```mermaid", "stateDiagram-v2"]
    lines += [
        f"    {source} --> {target}: {event}" for (source, event), target in table.items() if source != target
    ]
    lines += ["```", "", "| from | event | to |", "|---|---|---|"]
    lines += [f"| {source} | {event} | {target} |" for (source, event), target in table.items()]
    return "\n".join([*lines, ""])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lapwing.conf.settings")
    import django

    django.setup()
    for name, text in pages().items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text)


if __name__ == "__main__":
    main()
