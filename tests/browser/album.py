"""`make pictures`: pictures of each screen with the demo's data, with nothing yet, and with what was typed wrong.

python -m tests.browser.album OUT   (after `make demo`; its data are copied, never changed)

OUT/index.md lists the pictures with what the browser, the check of layouts and axe-core found there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import bases
from tests.browser.conftest import CHROMIUM, HOW_TO_INSTALL, served
from tests.browser.look import accessibility, complaints, layout, show, sign_in
from tests.browser.walk import over, walk
from tests.cli.test_commands import LAPWING

DEMO, DEMO_CLOCK = Path("var/demo/receivables"), "2013-05-31T21:00:00+00:00"
NOT_PICTURED = ("admin:", "mfa_", "account_", "openid_", "scheduler_", "choose_")
ON_A_PHONE_IN_THE_DARK = {"home", "definition", "run", "jobs", "subscription", "new_definition", "account"}
EMPTY = ("home", "definitions", "runs", "jobs", "job_health", "subscriptions", "accounts", "imports", "audit")
ASKS = (
    *("new_definition", "definition_step", "run_step", "step", "subscription_step", "user_new", "settings"),
    *("email_template_new", "email_template", "imports", "my_password"),
)
WRONGLY = """() => {
  const form = [...document.querySelectorAll("#content form[method=post]")].at(-1);
  if (!form) return false;
  form.noValidate = true;
  for (const field of form.querySelectorAll("input, textarea")) {
    if (/text|search|number|email|password/.test(field.type) && !field.readOnly) field.value = field.type === "number" ? "" : "?";
  }
  form.querySelector("[type=submit], button:not([type=button])").click();
  return true;
}"""


@dataclass(frozen=True)
class Picture:
    file: str
    path: str
    state: str
    seen: list[str]


def main(out: Path) -> None:
    assert CHROMIUM, HOW_TO_INSTALL
    if not DEMO.exists():
        sys.exit(f"there is no {DEMO}: make demo")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pictures = [*_of_the_demo(browser, Path(folder), out), *_of_nothing_yet(browser, Path(folder), out)]
        browser.close()
    (out / "index.md").write_text(_index(pictures))
    print(f"{len(pictures)} pictures and their list are in {out}/")


def _of_the_demo(browser: Browser, folder: Path, out: Path) -> Iterator[Picture]:
    home = shutil.copytree(DEMO, folder / "demo")
    environment = {**os.environ, "LAPWING_HOME": str(home), "LAPWING_CLOCK": DEMO_CLOCK}
    subprocess.run([LAPWING, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    keys = bases.keys_of(home)
    with served(home, LAPWING_CLOCK=DEMO_CLOCK) as url:
        wide = _context(browser, url, home, 1400, "light")
        paths = _pages(wide, url, keys)
        yield from _taken(wide, url, paths.items(), out, "data")
        phone = _context(browser, url, home, 400, "dark")
        few = [(name, path) for name, path in paths.items() if name in ON_A_PHONE_IN_THE_DARK]
        yield from _taken(phone, url, few, out, "data, phone, dark")
        asked = [(name, path) for name, path in paths.items() if name in ASKS]
        yield from _taken(wide, url, asked, out, "error")


def _of_nothing_yet(browser: Browser, folder: Path, out: Path) -> Iterator[Picture]:
    home = folder / "empty"
    bases.make(home, "empty")
    with served(home, **bases.PLACE) as url:
        wide = _context(browser, url, home, 1400, "light")
        paths = _pages(wide, url, {})
        yield from _taken(wide, url, [(name, paths[name]) for name in EMPTY if name in paths], out, "empty")


def _context(browser: Browser, url: str, home: Path, width: int, scheme: str) -> BrowserContext:
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    sign_in(context.new_page(), url, home)
    return context


def _pages(context: BrowserContext, url: str, keys: dict) -> dict[str, str]:
    """The pages of the map by name."""
    from tests.backoffice.urls_of_the_map import examples

    found = [(name, path) for name, path in examples(keys) if not name.startswith(NOT_PICTURED)]
    pages = set(walk(over(context.request, url), found).pages)
    return {name: path for name, path in found if path in pages}


def _taken(
    context: BrowserContext, url: str, pages: Iterable[tuple[str, str]], out: Path, state: str
) -> Iterator[Picture]:
    said, page = complaints(context, url), context.new_page()
    for name, path in pages:
        said.clear()
        show(page, url + path)
        if state == "error" and not _filled_wrongly(page):
            continue
        file = f"{name}-{state.replace(', ', '-')}.png"
        page.screenshot(path=str(out / file), full_page=True)
        yield Picture(file, path, state, [*said, *layout(page), *accessibility(page)])
    page.close()


def _filled_wrongly(page: Page) -> bool:
    if not page.evaluate(WRONGLY):
        return False
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    return True


def _index(pictures: list[Picture]) -> str:
    lines = ["# Pictures of the screens", "", "| picture | path | state | what was seen |", "|---|---|---|---|"]
    for each in pictures:
        seen = "; ".join(" ".join(one.split()).replace("|", "\\|")[:160] for one in each.seen) or "nothing"
        lines.append(f"| [{each.file}]({each.file}) | `{each.path}` | {each.state} | {seen} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    main(Path(sys.argv[1]))
