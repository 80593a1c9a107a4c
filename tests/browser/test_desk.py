"""The desk of an operator in a real browser: failed jobs of one cause, and work by keyboard alone."""

import os
import re
import subprocess
import sys

import pytest

from tests.browser.conftest import Service, page_of
from tests.cli.test_commands import NOON

pytestmark = pytest.mark.xdist_group("browser")
# Asked for while the provider was away; by now it is delivered by hand, so there is nothing left to ask.
FAILED = """
import django; django.setup()
from django.db import transaction
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job
with transaction.atomic():
    for number in range(3):
        enqueue("check_provider", subject_kind="provider", subject_id=number, subject=f"P{number}",
                parameters={"provider": "hand"})
    Job.objects.filter(type="check_provider").update(
        status="failed", result_code="provider_unreachable", result="hand cannot be reached")
"""


def test_all_failed_jobs_of_one_cause_run_again(browser, service: Service):
    service.home.ok("provider", "set", "hand", "manual", "--responsible", "hand@example.com")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}
    settings = {"DJANGO_SETTINGS_MODULE": "lapwing.conf.settings", "LAPWING_HOME": str(service.home.path)}
    subprocess.run(
        [sys.executable, "-c", FAILED],
        env={**clean, **settings, "LAPWING_CLOCK": NOON},
        check=True,
        timeout=60,
    )

    page = page_of(browser, service, service.administrator)
    page.get_by_role("link", name=re.compile("3 Failed jobs")).click()
    row = page.locator("tr", has_text="provider_unreachable")
    assert "hand cannot be reached" in row.inner_text()
    row.get_by_role("button", name=re.compile("Run all again")).click()
    assert "Run now: 3 jobs?" in page.locator("#content").inner_text()
    page.get_by_role("button", name="Run now: 3 jobs").click()
    page.get_by_text("3 jobs: run now.").wait_for()
    page.get_by_text("No job has failed.").wait_for()
    page.goto(f"{service.url}/jobs/?type=check_provider")
    for _ in range(50):
        if page.locator("tbody .lw-badge", has_text="not applicable").count() == 3:
            break
        page.wait_for_timeout(300)
        page.reload()
    assert page.locator("tbody .lw-badge", has_text="not applicable").count() == 3
    assert service.said == []


def test_a_number_is_opened_and_a_list_is_walked_by_keyboard_alone(browser, service: Service):
    page = page_of(browser, service, service.administrator)
    page.keyboard.press("Control+k")
    page.keyboard.type("S1")
    page.get_by_role("option", name=re.compile("Subscription S1")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/subscriptions/S1/")

    page.goto(f"{service.url}/subscriptions/")
    page.locator("h1, #content").first.click()
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("k")
    assert first != second and page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("nothing like it")
    page.get_by_role("option", name=re.compile("Search for")).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/subscriptions/[^/]+/$"))
    assert service.said == []
