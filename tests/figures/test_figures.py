"""Figures kept for Home: what they count, that days over stay, and that Home shows them in few queries."""

from datetime import date, timedelta

import pytest

from lapwing.catalog.models import Provider
from lapwing.connectors.errors import Unreachable
from lapwing.core import clock
from lapwing.figures import charts, connector_checks, keep
from lapwing.figures.keep import STATES, keep_checks, keep_figures
from lapwing.figures.models import Figure
from lapwing.figures.queries import failing_connectors, kept
from lapwing.receivables.models import OpenItem
from lapwing.subscriptions.actions.perform import perform
from tests.backoffice.conftest import signed_in
from tests.conftest import NOON, R
from tests.jobs.conftest import ask
from tests.world import define, in_debt, run_now


def test_jobs_are_counted_by_hour_and_status(sandbox):
    ask("book", subject="S1")
    with clock.standing_at(NOON - timedelta(hours=2, minutes=20)):
        ask("book", subject="S2")
    with clock.standing_at(NOON - timedelta(hours=25)):
        ask("book", subject="S3")
    assert charts.jobs_by_hour() == {
        "2015-03-10T12:00:00+00:00": {"waiting": 1},
        "2015-03-10T09:00:00+00:00": {"waiting": 1},
    }


@pytest.mark.parametrize(
    ("overdue", "age"),
    [(0, "not_due"), (-5, "not_due"), (1, "1_to_30_days"), (30, "1_to_30_days"), (31, "31_to_60_days"),
     (60, "31_to_60_days"), (61, "61_to_90_days"), (90, "61_to_90_days"), (91, "over_90_days")],
)  # fmt: skip
def test_receivables_stand_in_one_age_by_days_since_due(overdue: int, age: str, sandbox):
    in_debt(1)
    OpenItem.objects.update(due_on=R - timedelta(days=overdue), unsettled_minor=700)
    found = charts.receivables_by_age()
    assert {name: values for name, values in found.items() if values} == {age: {"EUR": 700}}


def test_grace_ends_of_the_next_days_with_what_is_at_stake(sandbox):
    in_debt(2)
    for number, until in (("S1", R), ("S2", R + timedelta(days=29))):
        perform(number, "extend_grace_period", until=until, reason="asked")
    perform("S2", "extend_grace_period", until=R + timedelta(days=30), reason="asked again")
    assert charts.grace_ends() == {R.isoformat(): {"subscriptions": 1}}
    amounts = charts.grace_amounts()
    owed = sum(
        OpenItem.objects.filter(account__subscriptions__number="S1").values_list("unsettled_minor", flat=True)
    )
    assert amounts == {R.isoformat(): {"EUR": owed}}


def test_states_of_the_days_before_are_worked_out_from_the_actions(sandbox):
    in_debt(3)
    with clock.standing_at(NOON + timedelta(days=2)):
        perform("S1", "rest_subscription", until=date(2015, 4, 1), reason="holiday")
    with clock.standing_at(NOON + timedelta(days=3)):
        keep_figures()
        found = kept([STATES])[STATES].columns
    assert found["2015-03-13"] == found["2015-03-12"] == {"effective": 2, "resting": 1}
    assert found["2015-03-11"] == {"effective": 3}


def test_days_that_are_over_stay_as_they_were_kept(sandbox):
    in_debt(2)
    keep_figures()
    with clock.standing_at(NOON + timedelta(days=1)):
        perform("S1", "cancel_subscription", reason="moved")
        keep_figures()
        keep_figures()
    found = kept([STATES])[STATES].columns
    assert found["2015-03-10"] == {"effective": 2}
    assert found["2015-03-11"] == {"effective": 1, "cancelled": 1}


def test_home_shows_the_charts_that_were_kept(sandbox):
    client = signed_in("root")
    assert "Not counted yet" in client.get("/").content.decode()
    in_debt(3)
    define()
    run_now()
    ask("book")
    in_debt(1, prefix="G")
    keep_figures()
    panels = client.get("/").context["panels"]
    assert [len(panel.charts) for panel in panels] == [1, 1, 1, 2]
    assert all(panel.at == NOON for panel in panels)


def test_a_chart_of_which_there_is_nothing_was_counted_all_the_same(sandbox):
    keep_figures()
    page = signed_in("root").get("/")
    assert "Not counted yet" not in page.content.decode()
    assert all(panel.at == NOON for panel in page.context["panels"])


def test_a_provider_that_does_not_answer_is_told_on_home(sandbox, monkeypatch):
    Provider(code="acme", name="Acme", kind="automatic", connector="scim").save()
    Provider(code="hand", name="By hand", kind="manual").save()
    monkeypatch.setattr(connector_checks, "_check", lambda provider: Unreachable.code)
    keep_checks()
    assert failing_connectors() == ["acme"]
    assert "Connectors whose check fails" in signed_in("root").get("/").content.decode()


def test_a_connector_that_cannot_even_be_opened_fails_its_check(sandbox):
    Provider(code="acme", name="Acme", kind="automatic", connector="scim", configuration={"wrong": 1}).save()
    Provider(code="toy", name="Toy", kind="automatic", connector="no-such").save()
    keep_checks()
    assert failing_connectors() == ["acme", "toy"]


def test_what_goes_wrong_with_one_count_is_logged_and_ends_nothing(sandbox, monkeypatch, caplog):
    def broken() -> None:
        raise ValueError("no luck")

    keep._try(broken)
    assert "no luck" in caplog.text
    assert not Figure.objects.exists()
