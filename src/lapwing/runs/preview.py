"""What a definition would do on a date: one statement, nothing written, the same conditions as the run's.

The judged selection is computed once and rolled up inside the database: by verdict, by owner (an amount counts once
per owner), by each facet; and the first subjects by label are the sample.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F

from lapwing.core.sql import rows, table
from lapwing.runs.assignments import assignment_on
from lapwing.runs.brake import brake
from lapwing.runs.kinds import Assignment, RunKind, kinds
from lapwing.runs.models import Definition

SAMPLE = 20
COLUMNS = ("subject", "owner", "amount_minor", "currency", "verdict", "label")


@dataclass
class Preview:
    """Counts and amounts of a run that was not made."""

    selected: int = 0
    would_do: int = 0
    would_skip: dict[str, int] = field(default_factory=dict)
    would_error: dict[str, int] = field(default_factory=dict)
    owners: int = 0
    amount_minor: dict[str, int] = field(default_factory=dict)
    by: dict[str, dict[str, Any]] = field(default_factory=dict)
    sample: list[dict[str, Any]] = field(default_factory=list)
    held: str = ""  # why the safety brake would stop it
    is_capped: bool = False  # only the first so many were looked at; the figures are lower bounds


def preview(definition: Definition, day: date) -> Preview:
    """What the latest version would do if it ran for that day."""
    return preview_of(kinds.get(definition.kind), assignment_on(definition, day), definition.pk)


def preview_of(
    kind: RunKind, assignment: Assignment, definition_id: int | None = None, *, at_most: int | None = None
) -> Preview:
    """The same for any assignment, such as a definition that is still being written; of at most so many subjects."""
    found = Preview()
    facets: dict[str, dict[int | None, dict[str, Any]]] = {name: {} for name in kind.facets}
    samples = []
    for section, key, verdict, currency, count, owners, minor in _roll_up(kind, assignment, at_most):
        minor = int(minor or 0)
        if section == "verdict":
            _count_verdict(found, kind, verdict, count)
        elif section == "amount":
            found.owners += owners
            found.amount_minor[currency] = minor
        elif section == "sample":
            samples.append((key, minor, currency))
        else:
            entry = facets[section].setdefault(key, {"would_do": 0, "owners": 0, "amount_minor": {}})
            entry["would_do"] += count
            entry["owners"] += owners
            entry["amount_minor"][currency] = minor
    found.by = {name: _named(kind, name, entries) for name, entries in facets.items()}
    found.sample = _sample(kind, samples)
    found.is_capped = at_most is not None and found.selected >= at_most
    if definition_id is not None and found.selected and not found.is_capped:
        found.held = brake(kind, assignment, definition_id, at_most=found.would_do)
    return found


def _count_verdict(found: Preview, kind: RunKind, verdict: str, count: int) -> None:
    found.selected += count
    if not verdict:
        found.would_do = count
    elif verdict in kind.error_codes:
        found.would_error[verdict] = count
    else:
        found.would_skip[verdict] = count


def _roll_up(kind: RunKind, assignment: Assignment, at_most: int | None) -> list[tuple]:
    """Rows of (section, key, verdict, currency, count, owners, amount)."""
    judged = kind.judge(assignment)
    named, field_name = kind.sample_order
    names = [f"facet_{name}" for name in kind.facets]
    listed = judged.annotate(subject=F("pk")).values_list(
        "subject", "item_owner_id", "item_amount_minor", "item_currency", "verdict", "label", *names
    )
    select, parameters = listed[:at_most].query.sql_with_params()
    columns = ", ".join((*COLUMNS, *names))
    parts = [
        "SELECT 'verdict' AS section, CAST(NULL AS BIGINT) AS key, verdict, '' AS currency, COUNT(*) AS subjects, "
        "0 AS owners, 0 AS minor FROM judged GROUP BY verdict",
        _per_owner("amount", None),
        *(_per_owner(name, f"facet_{name}") for name in kind.facets),
        "SELECT * FROM (SELECT 'sample', subject, '', currency, 1, 1, amount_minor FROM judged "
        f"LEFT JOIN {table(named)} named ON named.id = label WHERE verdict = '' "
        f"ORDER BY named.{field_name}, subject LIMIT {SAMPLE}) first",
    ]
    return rows(
        f"WITH judged ({columns}) AS MATERIALIZED ({select}), "
        "owned AS MATERIALIZED (SELECT owner, currency, MAX(amount_minor) AS minor FROM judged "
        f"WHERE verdict = '' GROUP BY owner, currency) {' UNION ALL '.join(parts)}",
        parameters,
    )


def _per_owner(section: str, facet: str | None) -> str:
    """Sums in which each owner counts once; within a facet, once per value of it."""
    if facet is None:
        return (
            f"SELECT '{section}', CAST(NULL AS BIGINT), '', currency, 0, COUNT(*), SUM(minor) FROM owned "
            "GROUP BY currency"
        )
    return (
        f"SELECT '{section}', {facet}, '', currency, CAST(SUM(subjects) AS BIGINT), COUNT(*), SUM(minor) FROM "
        f"(SELECT {facet}, owner, currency, COUNT(*) AS subjects, MAX(amount_minor) AS minor FROM judged "
        f"WHERE verdict = '' GROUP BY {facet}, owner, currency) each_owner GROUP BY {facet}, currency"
    )


def _named(kind: RunKind, facet: str, entries: dict[int | None, dict[str, Any]]) -> dict[str, Any]:
    names = kind.facet_names(facet, [key for key in entries if key is not None])
    return {
        names.get(key, "") if key is not None else "": entry
        for key, entry in sorted(
            entries.items(), key=lambda pair: names.get(pair[0], "") if pair[0] is not None else ""
        )
    }


def _sample(kind: RunKind, samples: list[tuple[int, int, str]]) -> list[dict[str, Any]]:
    labels = kind.labels([key for key, _, _ in samples])
    return [{**labels[key], "amount_minor": minor, "currency": currency} for key, minor, currency in samples]
