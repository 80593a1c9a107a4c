"""The organisation's settings as plain values: what the audit tells of a change, and what a page showed."""

from decimal import Decimal
from typing import Any

from lapwing.core.errors import Refused
from lapwing.core.marks import mark
from lapwing.identity.models import Organisation


def settings_of(own: Organisation) -> dict[str, Any]:
    return {
        "name": own.name,
        "time_zone": own.time_zone,
        "currency": own.currency,
        "country": own.country,
        "max_affected": own.max_affected,
        "max_affected_percent": f"{Decimal(own.max_affected_percent).normalize():f}",
        "tolerance_minor": own.tolerance_minor,
    }


def seen_as(own: Organisation) -> str:
    """A mark of what the settings say now; another after every change of them."""
    return mark(settings_of(own))


def refuse_other(own: Organisation, seen: str) -> None:
    """Raises Refused `edited_meanwhile` where they do not say what the person has seen."""
    if seen != seen_as(own):
        raise Refused(
            "edited_meanwhile",
            f"the settings were changed by {own.updated_by} meanwhile; nothing was saved: look at them as they are now",
        )
