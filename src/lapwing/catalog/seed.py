"""What ships with Lapwing: the eight billing frequencies."""

from lapwing.catalog.models import BillingFrequency

FREQUENCIES = {
    "daily": (1, "days"),
    "weekly": (1, "weeks"),
    "monthly": (1, "months"),
    "quarterly": (3, "months"),
    "semi_annual": (6, "months"),
    "annual": (1, "years"),
    "two_years": (2, "years"),
    "three_years": (3, "years"),
}


def seed_frequencies() -> None:
    """Existing ones stay as they are."""
    for code, (every, unit) in FREQUENCIES.items():
        BillingFrequency.objects.get_or_create(
            code=code,
            defaults={"name": code.replace("_", " "), "every": every, "unit": unit},
        )
