"""What screens say of money and of hours: in the language of whoever reads, and each hour once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from lapwing.backoffice.overview import panels
from lapwing.backoffice.templatetags.lapwing import whole_amount
from lapwing.core import clock
from lapwing.figures.models import Figure
from lapwing.identity.models import User
from tests.backoffice.conftest import signed_in
from tests.world import make_account, make_subscription, owe


@pytest.mark.parametrize(
    ("language", "minor", "currency", "written"),
    [
        ("en", 1_000_000, "KWD", "KWD1,000"),
        ("en", 2_000_000_000, "KWD", "KWD2,000,000"),
        ("de", 1_000_000, "KWD", "1.000\xa0KWD"),
        ("en", 1_000_500, "KWD", "KWD1,000.500"),
        ("en", 100_000_000, "EUR", "€1,000,000"),
        ("de", 120_000, "EUR", "1.200\xa0€"),
        ("en", 1_000, "JPY", "¥1,000"),
    ],
)
def test_an_axis_leaves_out_decimals_and_no_thousands(language, minor, currency, written):
    with translation.override(language):
        assert whole_amount(minor, currency).replace("KWD\xa0", "KWD") == written


@pytest.mark.parametrize(
    "path", ["/steps/account/hold/?of=A1", "/accounts/A1/", "/steps/invoice/dispute/?of=I"]
)
def test_sentences_write_money_as_the_language_does(path, sandbox):
    make_account()
    make_subscription()
    owe(minor=123_450, number="I")
    User.objects.filter(username="root").update(language="de")
    page = signed_in("root").get(path).content.decode()
    assert "1.234,50" in page and "1,234.50" not in page


@pytest.mark.parametrize(
    "noon", [datetime(2015, 10, 25, 12, tzinfo=UTC), datetime(2015, 3, 29, 12, tzinfo=UTC)]
)
def test_no_hour_is_lost_where_the_clocks_are_changed(noon, sandbox):
    hours = [noon - timedelta(hours=back) for back in range(24)]
    Figure.objects.bulk_create(
        Figure(name="jobs_by_hour", column=hour.isoformat(), series="succeeded", value=1, kept_at=noon)
        for hour in hours
    )
    with clock.standing_at(noon), timezone.override(ZoneInfo("Europe/Berlin")):
        [(_, chart)] = panels(date(2015, 10, 25))[0].charts
    assert len(chart.bars) == len({label for label, _ in chart.rows}) == 24
