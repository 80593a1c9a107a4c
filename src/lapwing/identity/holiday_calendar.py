"""Public holidays by country, frozen into our own table so that a library update cannot move a planned run."""

from datetime import date

import holidays
from django.db import transaction

from lapwing.identity.models import Holiday


def has_holidays(country: str) -> bool:
    """Whether the calendar knows this ISO 3166 country code."""
    return country in holidays.list_supported_countries(include_aliases=False)


def is_holiday(country: str, day: date) -> bool:
    """False for a country the calendar does not know. The first question about a year freezes it."""
    year = Holiday.objects.filter(country=country, day__year=day.year)
    if not year.exists() and has_holidays(country):
        freeze_year(country, day.year)
    return year.filter(day=day).exists()


@transaction.atomic
def freeze_year(country: str, year: int) -> None:
    """Copies a country's holidays of one year; rows that exist stay as they are."""
    Holiday.objects.bulk_create(
        [
            Holiday(country=country, day=day, name=name[:200])
            for day, name in holidays.country_holidays(country, years=year).items()
        ],
        ignore_conflicts=True,
    )
