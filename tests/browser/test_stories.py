"""What operators do all day, in a real browser against the real service."""

import re

import pytest

from tests.browser.conftest import Service, page_of

pytestmark = pytest.mark.xdist_group("browser")


def test_create_preview_submit_approve_watch_and_undo(browser, service: Service):
    operator = page_of(browser, service, service.administrator)
    operator.get_by_role("link", name="Deactivate subscriptions in grace").click()
    operator.get_by_role("link", name="New", exact=True).click()
    draft = operator.locator("#draft")
    draft.get_by_text("would be done").wait_for()
    assert "€50.00" in draft.inner_text()

    operator.get_by_label("Name", exact=True).fill("Weekly fibre cut")
    balance = operator.get_by_role("group", name="Balance")
    balance.get_by_label("More than").fill("70")
    draft.get_by_text("Nothing matches on that day.").wait_for()
    operator.locator("#draft-subject").fill("S1")
    operator.locator("#draft-explanation").get_by_text("from 70").wait_for()
    balance.get_by_label("More than").fill("5x")
    balance.get_by_text("expected an amount").wait_for()
    balance.get_by_label("More than").fill("5")
    balance.get_by_text("expected an amount").wait_for(state="detached")

    operator.get_by_role("group", name="Subscription types").get_by_role("button", name="Search").click()
    dialog = operator.get_by_role("dialog")
    dialog.get_by_label("fibre").wait_for()
    operator.keyboard.type("fib")
    dialog.get_by_label("fibre").wait_for()
    operator.keyboard.press("ArrowDown")
    operator.keyboard.press("Space")
    operator.keyboard.press("Escape")
    assert operator.get_by_role("group", name="Subscription types").get_by_label("fibre").is_checked()

    operator.get_by_label("How often").select_option("weekly")
    operator.get_by_label("First time, and time of day").fill("2015-03-10T12:00:00")
    operator.get_by_label("Tu", exact=True).check()
    times = operator.locator("#next-times")
    times.get_by_text("FREQ=WEEKLY;BYDAY=TU").wait_for()
    assert times.locator("time").count() == 5 and "17 Mar 2015 12:00 Tuesday" in times.inner_text()
    operator.get_by_label("Every run needs somebody else's approval").check()
    operator.get_by_role("button", name="Save").first.click()
    operator.get_by_role("heading", name="WFC: Weekly fibre cut").wait_for()

    operator.get_by_label("Subscription", exact=True).fill("S3")
    operator.get_by_role("button", name="Explain").click()
    operator.locator("#explanation").get_by_text("is selected, but protected").wait_for()
    operator.get_by_role("link", name="Submit").click()
    operator.get_by_role("button", name="Submit").click()
    number = re.search(r"/runs/(\d+)/", operator.url)[1]
    operator.goto(f"{service.url}/runs/{number}/")
    for _ in range(40):  # the scheduler starts it
        if operator.get_by_text("approval required").count():
            break
        operator.wait_for_timeout(500)
        operator.reload()
    operator.get_by_text("approval required").first.wait_for()
    assert operator.get_by_role("link", name="Approve").count() == 0

    approver = page_of(browser, service, "approver")
    approver.get_by_role("link", name=re.compile("Runs awaiting approval")).click()
    approver.locator("#content").get_by_role("link", name=number, exact=True).click()
    approver.get_by_role("link", name="Approve").click()
    asked = approver.locator("#content").inner_text()
    assert "act on up to 4 of 4 selected" in asked and "€210.00" in asked
    approver.get_by_role("button", name=re.compile("Approve")).click()
    approver.locator(".lw-badge", has_text="completed").first.wait_for()
    approver.locator(".lw-batch-line").wait_for()

    operator.goto(f"{service.url}/search/?q=S1")  # one hit: the subscription itself
    assert operator.url.endswith("/subscriptions/S1/")
    assert "not effective" in operator.locator(".lw-because").inner_text()
    operator.goto(f"{service.url}/runs/{number}/items/?subject=S1")
    operator.get_by_role("link", name="S1", exact=True).wait_for()
    operator.goto(f"{service.url}/runs/{number}/steps/undo/")
    assert "1</b> action of run" in operator.locator("#content").inner_html()
    operator.get_by_role("button", name=re.compile("Undo")).click()
    operator.locator(".lw-badge", has_text="completed").first.wait_for()
    operator.goto(f"{service.url}/subscriptions/S1/")
    assert f"undo of run {number}" in operator.locator(".lw-because").inner_text()

    operator.goto(f"{service.url}/definitions/WFC/edit/")
    assert "saving makes version 2" in operator.locator("#content").inner_text()
    operator.get_by_role("group", name="Balance").get_by_label("More than").fill("7")
    operator.get_by_role("button", name="Save").first.click()
    operator.get_by_role("link", name="Previous versions").click()
    assert operator.locator(".lw-differs").inner_text().split() == [
        "Balance:",
        "More",
        "than",
        "differs",
        "5",
        "7",
    ]
    assert service.said == [], service.said


def test_keys_lead_to_the_search(browser, service: Service):
    page = page_of(browser, service, service.administrator)
    page.keyboard.press("/")
    page.keyboard.type("nothing like it")
    page.get_by_role("option", name=re.compile("Search for")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=nothing*")
