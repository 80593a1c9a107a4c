"""A text in every text column of the database that would be an element, or a script, where a page took it for markup:
all screens are walked in the browser, and it stays a text.
"""

from collections.abc import Iterator

import pytest

from tests.backoffice.urls_of_the_map import examples
from tests.browser import bases
from tests.browser.canary import MARK
from tests.browser.conftest import CHROMIUM, HOW_TO_INSTALL, served
from tests.browser.look import complaints, show, sign_in
from tests.browser.walk import over, walk

pytestmark = pytest.mark.xdist_group("browser")
COLUMNS_AT_LEAST = 150
HATCHED = """(html) => {
  const page = html === null ? document : new DOMParser().parseFromString(html, "text/html");
  const run = (at) => /^(x-|hx-|on|@|:)/.test(at.name) && !address(at);
  const address = (at) => /^hx-(get|post)$/.test(at.name) && /^[/?][^<>"\\s]*$/.test(at.value);  // asked, not run
  const loose = [...page.querySelectorAll("[id^='%s']")].map((each) => each.outerHTML.slice(0, 80));
  const told = [...page.querySelectorAll("*")].flatMap((each) =>
    [...each.attributes].filter((at) => run(at) && /id=%s/.test(at.value)).map((at) => at.name + "=" + at.value));
  return [...loose, ...told];
}""".replace("%s", MARK)


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    assert CHROMIUM, HOW_TO_INSTALL
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_no_stored_text_becomes_markup_on_any_screen(chromium, tmp_path):
    keys = bases.make(tmp_path, "canary")
    assert keys["written"] >= COLUMNS_AT_LEAST
    with served(tmp_path, **bases.PLACE) as url:
        context = chromium.new_context()
        page = context.new_page()
        sign_in(page, url, tmp_path)
        walked = walk(over(context.request, url), examples(keys))
        # A subject's name that was written down goes by another text than the subject itself now.
        assert [fault for fault in walked.faults if MARK not in fault] == []
        said, hatched, shown = complaints(context, url), [], 0
        looked_at = context.new_page()
        for path in walked.pages:
            if path in walked.first_of_a_sort:
                show(looked_at, url + path)
                wrong = looked_at.evaluate(HATCHED, None)
                shown += f"id={MARK}" in looked_at.inner_text("body")
            else:
                wrong = page.evaluate(HATCHED, context.request.get(url + path).text())
            hatched += [f"{path}: {each}" for each in [*wrong, *said]]
            said.clear()
        context.close()
    assert hatched == []
    assert shown > 20  # the texts are there to be read


@pytest.mark.parametrize(
    "html",
    [
        f"<p><b id={MARK}>x</b>",
        f"<p x-text='\"<img id={MARK}>\"'>",
        f"<p title='\"><img id={MARK} src=x onerror=alert(1)>'>x</p>".replace("'", '"'),
    ],
)
def test_a_canary_that_hatched_is_seen(html: str, chromium):
    page = chromium.new_page()
    assert page.evaluate(HATCHED, html)
    page.set_content(html)
    assert page.evaluate(HATCHED, None)
    assert not page.evaluate(HATCHED, f"<p title='&lt;b id={MARK}&gt;'>&lt;b id={MARK}&gt;</p>")
    page.close()
