"""The pictures that README.md and docs/operators.md show, of the evening that the album looks at.

Each is taken as the window shows it, and with few colours where ImageMagick is there to take the others away.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.browser.look import show

FOLDER = Path("docs/pictures")
WIDTH = 1400
COLOURS = "256"


def _explained(page: Page, number: str) -> None:
    page.locator("#draft-subject").fill(number)
    page.locator("#draft-explanation table").wait_for()


# The file's name, the path, the window's height, and what is done there first; {…} is a key of the evening.
PICTURES: dict[str, tuple[str, int, Callable[[Page, dict[str, str]], None]]] = {
    "home": ("/", 1330, lambda page, keys: None),
    "definition": ("/definitions/{code}/edit/", 1180, lambda page, keys: _explained(page, keys["pending"])),
    "run": ("/runs/{run}/", 760, lambda page, keys: None),
    "why": ("/subscriptions/{subscription}/", 1000, lambda page, keys: None),
}


def take(context: BrowserContext, url: str, keys: dict[str, str]) -> None:
    page = context.new_page()
    for name, (path, height, first) in PICTURES.items():
        page.set_viewport_size({"width": WIDTH, "height": height})
        show(page, url + path.format_map(keys))
        first(page, keys)
        page.wait_for_load_state("networkidle")
        file = FOLDER / f"{name}.png"
        page.screenshot(path=str(file))
        if convert := shutil.which("convert"):
            subprocess.run([convert, file, "-dither", "None", "-colors", COLOURS, f"PNG8:{file}"], check=True)
    page.close()
