"""What operators do all day, in a real browser against the real service."""

import re

import pytest

from tests.browser.conftest import Service, page_of

pytestmark = pytest.mark.xdist_group("browser")
SCREENS = [
    "/",
    "/jobs/",
    "/runs/",
    "/definitions/",
    "/definitions/NGC/",
    "/subscriptions/",
    "/subscriptions/S1/",
]
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll("#content *")].filter(
    (each) => !each.closest(".lw-scroll, .lw-tabs, svg") && each.getBoundingClientRect().right > width + 1);
  return [document.documentElement.scrollWidth > width ? "page" : "", ...wide.map((each) => each.className)].filter(Boolean);
}"""


def test_preview_start_approve_watch_and_undo(browser, service: Service):
    operator = page_of(browser, service, service.administrator)
    operator.get_by_role("link", name="Run definitions").click()
    operator.get_by_role("link", name="NGC").click()
    preview = operator.locator("#preview")
    preview.get_by_text("would be done").wait_for()
    assert "€50.00" in preview.inner_text() and "on_hold" in preview.inner_text()
    operator.get_by_label("Subscription", exact=True).fill("S3")
    operator.get_by_role("button", name="Explain").click()
    operator.locator("#explanation").get_by_text("is selected, but protected").wait_for()

    operator.get_by_role("link", name="Run now").click()
    assert "would act on 1 of 4 selected" in operator.locator("#content").inner_text()
    operator.get_by_label("Reason").fill("the end of the month")
    operator.get_by_role("button", name="Run now").click()
    operator.get_by_text("approval required").first.wait_for()  # the console says so by itself
    assert operator.get_by_role("link", name="Approve").count() == 0

    approver = page_of(browser, service, "approver")
    approver.get_by_role("link", name=re.compile("Runs awaiting approval")).click()
    approver.locator("#content").get_by_role("link", name="1", exact=True).click()
    approver.get_by_role("link", name="Approve").click()
    approver.get_by_role("button", name=re.compile("Approve")).click()
    approver.locator(".lw-badge", has_text="completed").first.wait_for()

    operator.goto(f"{service.url}/search/?q=S1")  # one hit: the subscription itself
    assert operator.url.endswith("/subscriptions/S1/")
    assert "not effective" in operator.locator(".lw-because").inner_text()
    operator.get_by_role("link", name="Run 1", exact=True).first.click()

    operator.get_by_role("link", name="Undo").click()
    assert "Take back the 1 action of run 1?" in operator.locator("#content").inner_text()
    operator.get_by_role("button", name=re.compile("Undo")).click()
    operator.locator(".lw-badge", has_text="completed").first.wait_for()
    operator.goto(f"{service.url}/subscriptions/S1/")
    assert "undo of run 1" in operator.locator(".lw-because").inner_text()
    assert service.said == []


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screens_fit_and_complain_of_nothing(width: int, scheme: str, browser, service: Service):
    size = {"width": width, "height": 900}
    page = page_of(browser, service, service.administrator, viewport=size, color_scheme=scheme)
    wrong = []
    for path in SCREENS:
        page.goto(service.url + path)
        page.wait_for_load_state("networkidle")
        if overflowing := page.evaluate(OVERFLOW):
            wrong.append((path, overflowing[:3]))
    assert wrong == []
    assert service.said == []


def test_keys_lead_to_the_search(browser, service: Service):
    page = page_of(browser, service, service.administrator)
    page.keyboard.press("/")
    page.keyboard.type("customer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=customer")
