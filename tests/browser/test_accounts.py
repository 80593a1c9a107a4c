"""Finding out why a customer was cut off, and saying who one is at a provider, in a real browser."""

import json
import re

import pytest

from tests.browser.conftest import Service, page_of

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def provider(service: Service) -> None:
    """A provider at which customers need an account."""
    settings = service.home.path / "acme.json"
    settings.write_text(json.dumps({"url": "http://127.0.0.1:9"}))
    service.home.ok("provider", "set", "acme", "automatic", "--connector", "sandbox", "--configuration",
                    str(settings), "--needs-account")  # fmt: skip


@pytest.fixture
def mapped(service: Service, provider: None) -> str:
    """A customer whose account there is somebody else's; his number."""
    service.home.ok("provider", "map", "C1", "acme", "someone-else")
    return "C1"


def test_from_the_search_to_why_a_customer_was_cut_off_in_two_clicks(browser, service: Service):
    service.home.ok("subscription", "do", "S2", "deactivate_subscription", "--reason", "asked by the court")
    operator = page_of(browser, service, service.administrator)
    operator.get_by_label("Search").fill("=Customer 2")
    operator.get_by_label("Search").press("Enter")
    operator.locator("#content").get_by_role("link", name="S2", exact=True).click()
    because = operator.locator(".lw-because").inner_text()
    assert "S2 became not effective" in because and "asked by the court" in because
    assert service.said == []


def test_a_provider_account_is_unmapped_proposed_and_mapped(browser, service: Service, mapped: str):
    manager = page_of(browser, service, service.administrator)
    manager.get_by_role("link", name="Provider accounts").first.click()
    row = manager.locator("tr", has_text="someone-else")
    row.get_by_role("link", name="Unmap").click()
    assert "Nothing more is switched on or changed" in manager.locator(".lw-because").inner_text()
    manager.get_by_role("button", name="Unmap").click()  # without a reason
    manager.get_by_role("alert").wait_for()
    manager.get_by_label("Reason").fill("it is somebody else's")
    manager.get_by_role("button", name="Unmap").click()
    manager.get_by_text("is not mapped at acme any more").wait_for()

    manager.goto(f"{service.url}/")
    manager.get_by_role("link", name=re.compile("Provider accounts to map")).click()
    manager.locator("tr", has_text=mapped).get_by_role("link", name="Map", exact=True).click()
    manager.get_by_role("radio", name=re.compile("number of the customer")).check()
    manager.get_by_role("button", name="Map", exact=True).click()
    manager.get_by_text("what waited is asked again within the hour").wait_for()
    manager.goto(f"{service.url}/customers/{mapped}/")
    manager.locator("tr", has_text="acme").get_by_text("mapped", exact=True).wait_for()
    assert service.said == []


def test_the_chosen_proposal_wins_over_the_identity_that_stands_in_the_field(
    browser, service: Service, mapped: str
):
    manager = page_of(browser, service, service.administrator)
    manager.goto(f"{service.url}/customers/{mapped}/")
    manager.locator("tr", has_text="acme").get_by_role("link", name="Map", exact=True).click()
    assert manager.get_by_label("Identity there").input_value() == "someone-else"
    manager.get_by_role("radio", name=re.compile("number of the customer")).check()
    manager.get_by_role("button", name="Map", exact=True).click()
    manager.get_by_text(f"is {mapped} at acme").wait_for()
    assert service.said == []


def test_a_provider_is_made_refused_edited_and_checked_without_showing_its_secret(browser, service: Service):
    manager = page_of(browser, service, service.administrator)
    manager.goto(f"{service.url}/providers/")
    manager.get_by_role("link", name="New provider").click()
    manager.get_by_role("link", name="SCIM 2.0").click()
    manager.get_by_label("Code").fill("scim1")
    manager.get_by_label("Address").fill("ftp://127.0.0.1")
    manager.get_by_label("Token").fill("canary-5ecret")
    manager.get_by_role("button", name="Save").click()
    manager.locator("label", has_text="Address").get_by_role("alert").wait_for()
    manager.locator("label", has_text="Token").get_by_text("enter it once more").wait_for()
    manager.get_by_label("Address").fill("http://127.0.0.1:9")
    manager.get_by_label("Token").fill("canary-5ecret")
    manager.get_by_role("button", name="Save").click()
    manager.get_by_role("button", name="Check now").click()
    manager.get_by_text(re.compile("Job .* asks provider scim1")).wait_for()
    manager.get_by_role("link", name="Edit", exact=True).click()
    assert "canary-5ecret" not in manager.content()
    manager.get_by_role("textbox", name="Name").fill("Directory of users")
    manager.get_by_role("button", name="Save").click()
    manager.get_by_role("link", name="back").click()
    manager.get_by_text("Directory of users").first.wait_for()
    assert service.said == []


def test_a_promise_to_pay_is_made_and_a_refusal_stands_beside_its_field(browser, service: Service):
    operator = page_of(browser, service, service.administrator)
    operator.goto(f"{service.url}/accounts/A1/")
    operator.get_by_role("link", name="Promise to pay").click()
    operator.get_by_label("Promised until").fill("2015-03-30")
    operator.get_by_label("Amount in").fill("a lot")
    operator.get_by_role("button", name="Promise to pay").click()
    beside = operator.locator("label", has_text="Amount in")
    assert "is not an amount" in beside.inner_text()
    assert operator.get_by_label("Promised until").input_value() == "2015-03-30"
    operator.get_by_label("Amount in").fill("20")
    operator.get_by_role("button", name="Promise to pay").click()
    operator.get_by_text("20.00 until 30 Mar 2015").first.wait_for()
    operator.get_by_role("link", name="End the promise").click()
    operator.get_by_role("button", name="End the promise").click()
    operator.get_by_text("has ended").wait_for()
    assert service.said == []
