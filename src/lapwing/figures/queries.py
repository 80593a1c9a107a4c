"""Reads of the kept figures."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from lapwing.figures.connector_checks import WELL
from lapwing.figures.keep import BROKER, CHECKS, COUNTED
from lapwing.figures.models import Figure


@dataclass
class Kept:
    """One chart as it was counted last; `at` is None where that has not happened yet."""

    at: datetime | None = None
    columns: dict[str, dict[str, int]] = field(default_factory=dict)


def kept(names: Collection[str]) -> dict[str, Kept]:
    """Charts by name, columns in the order of their names; one query."""
    found = {name: Kept() for name in (*names, COUNTED)}
    for figure in Figure.objects.filter(name__in=[*names, COUNTED]).order_by("column"):
        chart = found[figure.name]
        chart.columns.setdefault(figure.column, {})[figure.series] = figure.value
        chart.at = max(chart.at or figure.kept_at, figure.kept_at)
    counted = found.pop(COUNTED).at
    for chart in found.values():
        chart.at = chart.at or counted
    return found


def broker_check() -> tuple[bool, datetime] | None:
    """Whether the broker answered, and when it was asked last; None where nobody has asked it."""
    found = Figure.objects.filter(name=BROKER).first()
    return (found.series == WELL, found.kept_at) if found else None


def failing_connectors() -> list[str]:
    """Codes of providers whose last check did not end well."""
    failing = Figure.objects.filter(name=CHECKS).exclude(series=WELL)
    return list(failing.order_by("column").values_list("column", flat=True))
