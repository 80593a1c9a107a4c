"""What the screens say: where there is nothing, why a state is as it is, which button takes something away."""

import re

import pytest

from lapwing.backoffice.templatetags.lapwing import with_days
from lapwing.subscriptions.actions.perform import perform
from tests.backoffice.conftest import signed_in


def said(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("path", "nothing", "no_match"),
    [
        ("/accounts/", "No account yet.", "No account matches."),
        ("/customers/", "No customer yet.", "No customer matches."),
        ("/subscriptions/", "No subscription yet.", "No subscription matches."),
    ],
)
def test_an_empty_list_leads_to_the_import(path: str, nothing: str, no_match: str, sandbox):
    page = signed_in("root").get(path).content.decode()
    assert f"{nothing} Import files" in said(page) and 'class="lw-link" href="/imports/"' in page
    filtered = said(signed_in("root").get(f"{path}?q=zz").content.decode())
    assert no_match in filtered and nothing not in filtered


def test_who_may_not_import_is_not_sent_there(sandbox):
    page = signed_in("anna").get("/accounts/").content.decode()
    assert "No account yet." in page and 'class="lw-link" href="/imports/"' not in page


def test_the_reason_of_a_state_is_told_with_days_as_people_write_them(base):
    perform("HS1", "deactivate_subscription", reason="asked by the court")
    page = said(signed_in("root").get("/subscriptions/HS1/").content.decode())
    assert "HS1 became not effective on 10 Mar 2015: deactivate subscription, asked for by" in page
    assert "asked by the court" in page and "2015-03-10" not in page


def test_a_button_that_takes_the_service_away_looks_so(base):
    page = signed_in("root").get("/subscriptions/S1/").content.decode()
    buttons = re.findall(r'<a class="(lw-button[^"]*)" href="/subscription-steps/(\w+)/', page)
    by_step = {step: css for css, step in buttons}
    assert "lw-danger-button" in by_step["cancel_subscription"]
    assert "lw-danger-button" not in by_step["extend_grace_period"]


def test_jobs_have_one_name_on_every_screen(base):
    listed = signed_in("root").get("/jobs/?subject=PS1").context["page"].rows
    line = said(signed_in("root").get("/subscriptions/PS1/?kind=job").content.decode())
    assert listed and all(row["label"] in line for row in listed)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ended 2013-05-31 to 2013-06-14", "ended 31 May 2013 to 14 Jun 2013"),
        ("2013-99-31", "2013-99-31"),
        ("I-2013-05-311", "I-2013-05-311"),
        (None, "None"),
    ],
)
def test_dates_within_a_text_are_written_as_everywhere(text: str | None, read: str):
    assert with_days(text) == read


def test_an_explanation_has_no_other_way_to_write_a_day(base):
    page = signed_in("root").get("/definitions/NGC/explain/?subject=S2&date=2015-03-10").content.decode()
    assert "10 Mar 2015" in said(page) and "2015-03-10" not in said(page)
