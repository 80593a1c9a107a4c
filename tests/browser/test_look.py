"""The checks of every screen find what they are for, and leave alone what is fine."""

import pytest

from tests.browser.conftest import CHROMIUM
from tests.browser.look import accessibility, complaints, layout

pytestmark = pytest.mark.xdist_group("browser")
LONG = "ThisIsOneVeryLongWordThatNothingBreaks" * 3
BROKEN = {
    f"<div style='width:600px'>{LONG}</div>": "the page scrolls sideways",
    "<div style='position:relative;left:-40px'>half of it is gone</div>": "beyond the page",
    f"<div style='width:80px;overflow:hidden;white-space:nowrap'>{LONG}</div>": "cut off",
    f"<div style='width:200px;height:20px;overflow:hidden'>{'many words ' * 20}</div>": "cut off",
    f"<div style='width:90px'>{LONG[:38]}</div>": "text out of its box",
    f"<button style='width:60px;white-space:nowrap'>{LONG[:20]}</button>": "text out of its box",
    "<p style='height:20px;width:100px'>words that need more than one line of height</p>": "text out of its box",
    "<main><div style='width:100px'><input style='width:180px'></div></main>": "wider than what holds it",
    "<p>first</p><p style='margin-top:-34px'>second</p>": "upon each other",
    "<input> <span style='margin-left:-90px'>label</span>": "upon each other",
    "<button>one</button><button style='margin-left:-20px'>two</button>": "upon each other",
    "<svg width=200 height=40><text x=5 y=20>January</text><text x=15 y=20>February</text></svg>": "upon each other",
}
FINE = [
    f"<div style='overflow-x:auto'><table><tr><td>{LONG}<td>{LONG}</table></div>",
    f"<div style='width:80px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis'>{LONG}</div>",
    "<span style='position:absolute;width:1px;height:1px;overflow:hidden'>for those who listen</span><p>seen</p>",
    "<nav style='position:fixed;left:-300px;width:280px'>comes when asked for</nav><p>seen</p>",
    "<div style='position:absolute;z-index:9;background:white'>menu</div><p>below</p>",
    "<label>Name <input> <i>!</i></label> <button>Save <b>now</b></button><p>a <em>b</em> c</p>",
    "<div style='position:relative'><select></select><i style='position:absolute;left:4px;top:4px;pointer-events:none'>v</i></div>",
    "<div style='position:relative;height:90px'><div style='height:0;overflow:hidden'><p style='position:absolute'>out</p></div></div>",
    "<details><summary>more</summary><div style='width:900px'>hidden</div></details>",
    f"<p style='overflow-wrap:anywhere'>{LONG}</p>",
]


@pytest.fixture(scope="module")
def page():
    assert CHROMIUM
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 400, "height": 900})
        browser.close()


@pytest.mark.parametrize(("html", "fault"), BROKEN.items())
def test_a_broken_layout_is_found(html: str, fault: str, page):
    page.set_content(f"<!doctype html><body>{html}")
    assert fault in " ".join(layout(page))


@pytest.mark.parametrize("html", FINE)
def test_a_sound_layout_is_left_alone(html: str, page):
    page.set_content(f"<!doctype html><body>{html}")
    assert layout(page) == []


def test_what_cannot_be_read_or_used_is_found(page):
    page.set_content("<html lang=en><title>t</title><main><img src=x><p style='color:#ccc'>pale</p></main>")
    found = " ".join(accessibility(page))
    assert "image-alt" in found and "color-contrast" in found
    page.set_content("<html lang=en><title>t</title><main><h1>Sound</h1><p>dark</p></main>")
    assert accessibility(page) == []


def test_complaints_requests_elsewhere_and_dialogs_are_noted(page):
    context = page.context.browser.new_context()
    said = complaints(context, "http://127.0.0.1:1")
    other = context.new_page()
    other.set_content(
        "<img src='http://elsewhere.invalid/x.png'><script>alert(1); throw Error('broken')</script>"
    )
    other.wait_for_timeout(200)
    context.close()
    assert any("elsewhere.invalid" in each for each in said)
    assert "dialog: 1" in said and any("broken" in each for each in said)
