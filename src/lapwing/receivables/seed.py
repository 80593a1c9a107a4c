"""What ships with Lapwing: the nine credit ratings."""

from lapwing.receivables.models import CreditRating

RATINGS = ("AAA", "AA", "A", "BAA", "BA", "B", "CAA", "CA", "C")


def seed_ratings() -> None:
    """Existing ones stay as they are."""
    for code in RATINGS:
        CreditRating.objects.get_or_create(code=code, defaults={"name": code})
