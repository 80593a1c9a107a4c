"""Pictures of the screens, for looking at them: two widths, light and dark, into a folder.

python -m tests.browser.pictures http://127.0.0.1:8000 DATA_DIRECTORY OUT PATH…   (a sandbox that is being served)
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM

WIDTHS, SCHEMES = (1400, 400), ("light", "dark")


def main(url: str, home: Path, out: Path, paths: list[str]) -> None:
    """Prints what the browser complained of, by picture."""
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = _signed_in(browser, url, home, width, scheme)
                for path in paths:
                    _take(page, url + path, out / f"{_name(path)}-{width}-{scheme}.png")


def _signed_in(browser: Browser, url: str, home: Path, width: int, scheme: str) -> Page:
    name, password = (home / "sandbox-login").read_text().splitlines()[0].split()
    size = {"width": width, "height": 900}
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.on("console", lambda said: said.type == "error" and print("  complains:", said.text))
    page.goto(f"{url}/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state("networkidle")
    return page


def _take(page: Page, address: str, file: Path) -> None:
    print(file.name)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(file), full_page=True)


def _name(path: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in path.strip("/")) or "home"


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
