"""Every screen of the map, and what its links lead to: nothing overlaps, overflows, complains or asks another host, and
axe-core finds nothing serious; at two widths, light and dark, with a bit of everything and with nothing yet.

LAPWING_TEST_DOSE=full looks at both bases at both widths; otherwise a full one on a phone.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backoffice.urls_of_the_map import examples
from tests.browser import bases
from tests.browser.conftest import CHROMIUM, HOW_TO_INSTALL, served
from tests.browser.look import COLOURS, NARROW, accessibility, complaints, in_scheme, layout, show, sign_in
from tests.browser.walk import over, walk

pytestmark = pytest.mark.xdist_group("browser")
BASES, WIDTHS = ("full", "empty"), (1400, 400)
ALL = os.environ.get("LAPWING_TEST_DOSE") == "full"
# What of axe-core's rules can differ from the wide, light page.
RULES = {(1400, "light"): {}, (1400, "dark"): COLOURS, (400, "light"): NARROW, (400, "dark"): None}
STRANGERS_SEE = ("/account/login/", "/account/inactive/", "/none/")
NOT_THERE = ("/none/", "/jobs/999999/", "/subscriptions/none/")  # pages that say so


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    assert CHROMIUM, HOW_TO_INSTALL
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=BASES)
def place(request, tmp_path_factory) -> Iterator[tuple[str, Path, dict]]:
    home = tmp_path_factory.mktemp(request.param)
    keys = bases.make(home, request.param)
    with served(home, **bases.PLACE) as url:
        yield url, home, keys


@pytest.mark.parametrize("width", WIDTHS)
def test_every_screen_is_sound(width: int, chromium, place):
    url, home, keys = place
    if not ALL and not (home.name.startswith("full") and width == min(WIDTHS)):
        pytest.skip("of the full dose")
    context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    stranger = chromium.new_context(viewport={"width": width, "height": 900})
    sign_in(context.new_page(), url, home)
    walked = walk(over(context.request, url), examples(keys))
    assert walked.faults == [] and len(walked.pages) > 25
    wrong = _look_at(context, url, walked.pages, first=walked.first_of_a_sort, width=width)
    wrong |= _look_at(stranger, url, STRANGERS_SEE, first=STRANGERS_SEE, width=width)
    wrong |= _look_at(context, url, NOT_THERE, first=NOT_THERE, width=width)
    context.close()
    assert not wrong, "\n".join(
        f"{fault}\n    at {width}: {', '.join(at[:4])}" for fault, at in wrong.items()
    )


def _look_at(context, url: str, paths, *, first, width: int) -> dict[str, list[str]]:
    """Faults, each with where it was seen."""
    said, page, wrong = complaints(context, url), context.new_page(), {}
    page.set_default_timeout(15_000)
    for path in paths:
        show(page, url + path)
        faults = [each for each in said if not (path in NOT_THERE and "status of 404" in each)]
        for scheme in ("light", "dark"):
            in_scheme(page, scheme)
            faults += layout(page)
            if path in first and (rules := RULES[width, scheme]) is not None:
                faults += accessibility(page, **rules)
        for fault in faults:
            wrong.setdefault(fault, []).append(path)
        said.clear()
    return wrong


def test_the_dark_scheme_is_the_one_that_the_checks_put_on(chromium, place):
    """The shell follows the system by a class; so do the checks, without loading each page twice."""
    url, home, _ = place
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    sign_in(page, url, home)
    assert page.evaluate("() => document.documentElement.classList.contains('dark')")
    context.close()
