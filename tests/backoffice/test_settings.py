"""The organisation's settings: saved with an audit entry, or refused field by field."""

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Invalid
from lapwing.identity.actions.set_organisation import set_organisation
from lapwing.identity.models import Organisation
from tests.backoffice.conftest import signed_in, submitted

GIVEN = {
    "name": "Acme Networks",
    "time_zone": "Europe/London",
    "currency": "GBP",
    "country": "GB",
    "max_affected": "500",
    "max_affected_percent": "1.5",
    "tolerance_currency": ["EUR", "jpy", ""],
    "tolerance_amount": ["5.50", "100", ""],
}


def test_settings_are_saved_with_before_and_after(sandbox):
    client = signed_in("root")
    assert submitted(client, "/settings/", GIVEN)["Location"] == "/settings/"
    own = Organisation.objects.get()
    assert (own.name, own.time_zone, own.currency, own.max_affected) == (
        "Acme Networks",
        "Europe/London",
        "GBP",
        500,
    )
    assert own.tolerance_minor == {"EUR": 550, "JPY": 100}
    entry = AuditEntry.objects.get(action="organisation.set")
    assert (entry.actor, entry.before["currency"], entry.after["currency"]) == ("root", "EUR", "GBP")
    submitted(client, "/settings/", {**GIVEN, "tolerance_currency": ["EUR"], "tolerance_amount": [""]})
    assert Organisation.objects.get().tolerance_minor == {}
    assert 'value="5.5"' not in client.get("/settings/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("time_zone", "Mars/North", "is no time zone"),
        ("currency", "EURO", "is no currency"),
        ("country", "XX", "is no country code"),
        ("max_affected", "many", "expected a whole number"),
        ("max_affected", "-1", "expected a whole number"),
        ("max_affected_percent", "101", "a number from 0 to 100"),
        ("max_affected_percent", "NaN", "a number from 0 to 100"),
        ("name", "two\nlines", "one line"),
        ("tolerance_amount", ["5.505", "1", ""], "more digits"),
        ("tolerance_currency", ["EURO", "JPY", ""], "is no currency"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_saved(field, value, said, sandbox):
    page = submitted(signed_in("root"), "/settings/", {**GIVEN, field: value}).content.decode()
    assert said in page and "Acme Networks" in page.replace("two\nlines", "Acme Networks")
    assert Organisation.objects.get().currency == "EUR"
    assert not AuditEntry.objects.filter(action="organisation.set").exists()


def test_every_wrong_setting_is_named_at_once(sandbox):
    from lapwing.core.context import acting_as

    with acting_as("root"), pytest.raises(Invalid) as refused:
        set_organisation(time_zone="x", currency="y", tolerance={"EUR": "-1"})
    assert [problem.field for problem in refused.value.problems] == ["time_zone", "currency", "tolerance.EUR"]


def test_the_page_tells_what_the_environment_decides_but_no_secret(sandbox, settings):
    settings.SMTP_URL = "smtp://user:hunter2@mail.example.com"
    page = signed_in("root").get("/settings/").content.decode()
    assert "LAPWING_SMTP_URL" in page and "hunter2" not in page


def test_a_page_of_before_another_change_saves_nothing(sandbox):
    client = signed_in("root")
    old = client.get("/settings/").context["stored"]
    with acting_as("root"):
        set_organisation(max_affected="100", tolerance={"USD": "5"})
    told = client.post("/settings/", {**GIVEN, "seen": old}, follow=True).content.decode()
    own = Organisation.objects.get()
    assert "edited_meanwhile" in told
    assert (own.max_affected, own.tolerance_minor) == (100, {"USD": 500})
