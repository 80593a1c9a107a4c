"""What a browser finds wrong with a page: its layout, its accessibility, what it complains of and whom it asks."""

from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Error, Page

LAYOUT = (Path(__file__).parent / "layout.js").read_text()
BAD = {"serious", "critical"}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
NARROW = {
    "runOnly": ["scrollable-region-focusable", "aria-hidden-focus", "nested-interactive"]
}  # hang on the width


def show(page: Page, address: str) -> None:
    """Goes there and waits until the page has all its parts and letters."""
    page.goto(address)
    page.wait_for_function(
        "() => document.fonts.status === 'loaded' && !document.querySelector('.htmx-request')"
    )


def in_scheme(page: Page, scheme: str) -> None:
    """Light or dark as the shell does it, without loading the page again."""
    page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")


def sign_in(page: Page, url: str, home: Path) -> None:
    """As the administrator whom a sandbox has."""
    name, password = (home / "sandbox-login").read_text().splitlines()[0].split()
    page.goto(f"{url}/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    try:
        page.wait_for_url(f"{url}/", timeout=120_000)
    except Error as error:
        told = " ".join(page.locator("body").inner_text().split())
        raise AssertionError(f"{name} is not signed in at {page.url}, which says: {told[:500]}") from error


def layout(page: Page) -> list[str]:
    return page.evaluate(LAYOUT)


def accessibility(page: Page, **options: Any) -> list[str]:
    """Serious and critical violations that axe-core finds, each with the first element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("(options) => axe.run(options)", {"resultTypes": ["violations"], **options})
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} — {node['failureSummary'][:300]}"
        for each in found["violations"]
        if each["impact"] in BAD
        for node in each["nodes"][:3]
    ]


def complaints(context: BrowserContext, url: str) -> list[str]:
    """Fills while pages of the context are shown: errors of the console, of scripts, requests that leave the host,
    dialogs.
    """
    said: list[str] = []

    def watch(page: Page) -> None:
        page.on("console", lambda each: each.type == "error" and said.append(f"console: {each.text}"))
        page.on("pageerror", lambda error: said.append(f"script: {error}"))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def look_at(address: str) -> None:
        if not address.startswith((url, "data:", "about:")):
            said.append(f"asks another host: {address}")

    context.on("page", watch)
    context.on("request", lambda request: look_at(request.url))
    return said
