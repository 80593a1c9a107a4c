"""`make pictures`: pictures of each screen with the demo's data, with nothing yet, and with what was typed wrong.

python -m tests.browser.album OUT [NAME…]   (after `make demo`; its data are copied, never changed)

OUT/index.md lists the pictures with what the browser, the check of layouts and axe-core found there. With names, only
pictures whose names begin so are taken; `chosen` takes those of the documents, which are taken without names too.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import bases, chosen, evening
from tests.browser.conftest import CHROMIUM, HOW_TO_INSTALL, served
from tests.browser.look import accessibility, complaints, layout, show, sign_in
from tests.browser.walk import over, walk

DEMO = Path("var/demo")
PRODUCT = {"DJANGO_SETTINGS_MODULE": "lapwing.conf.settings"}
WIDE, NARROW, HEIGHT = 1400, 400, 900
NOT_PICTURED = ("admin:", "mfa_", "account_", "openid_", "scheduler_", "choose_")
ON_A_PHONE = {
    *(
        "home",
        "jobs",
        "job",
        "job_causes",
        "job_types",
        "runs",
        "run",
        "run_items",
        "definitions",
        "definition",
    ),
    *("definition_edit", "new_definition", "subscriptions", "subscription", "subscription_step", "accounts"),
    *("account", "customer", "providers", "provider", "settings", "audit", "email_template", "step"),
}
IN_GERMAN = {"home", "run", "definition", "definition_edit", "subscription", "account", "jobs"}
EMPTY = {
    *(
        "home",
        "definitions",
        "runs",
        "jobs",
        "job_causes",
        "job_health",
        "subscriptions",
        "accounts",
        "customers",
    ),
    *("imports", "providers", "provider_accounts", "scheduled_changes", "search"),
}
ASKS = {
    *("definition_edit", "subscription_step", "step", "user_new", "settings", "email_template", "imports"),
    "email_template_new",
}
MISSING = {
    "subscription": "/subscriptions/S-NONE/",
    "page": "/none/",
    "search": "/search/?q=zz",
    "jobs": "/jobs/?subject=zz",
}
# The form with the most to fill in; what takes text gets what cannot be right, and what may not be empty is emptied.
WRONGLY = """() => {
  const asked = (form) => [...form.querySelectorAll("input, textarea, select")].filter((each) => each.type !== "hidden");
  const forms = [...document.querySelectorAll("#content form[method=post]")];
  const form = forms.sort((one, other) => asked(other).length - asked(one).length)[0];
  if (!form) return false;
  form.noValidate = true;
  for (const field of asked(form)) {
    if (/text|search|email|password/.test(field.type) && !field.readOnly) field.value = "{{ ?";
    if (field.type === "number") field.value = "";
  }
  form.querySelector("[type=submit], button:not([type=button])").setAttribute("data-wrongly", "yes");
  return true;
}"""
SAYS_SO = "#content .lw-error:not(:empty), #content .lw-note.lw-bad, #content .errorlist, [role=alert]"


@dataclass(frozen=True)
class Picture:
    file: str
    path: str
    state: str
    seen: list[str]


def main(out: Path, names: tuple[str, ...]) -> None:
    assert CHROMIUM, HOW_TO_INSTALL
    if not (DEMO / "receivables").exists():
        sys.exit(f"there is no {DEMO}/receivables: make demo")
    if not names:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    album = Album(out, names)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--lang=en-GB"])
        pictures = [
            *_of_the_demo(browser, Path(folder), album),
            *_of_nothing_yet(browser, Path(folder), album),
        ]
        browser.close()
    if not names:
        (out / "index.md").write_text(_index(pictures))
    print(
        f"{len(pictures)} pictures are in {out}/; bad things were seen in {sum(bool(each.seen) for each in pictures)}"
    )


def _of_the_demo(browser: Browser, folder: Path, album: "Album") -> Iterator[Picture]:
    home = shutil.copytree(DEMO / "receivables", folder / "demo")
    journal = shutil.copy(DEMO / "provider.jsonl", folder / "provider.jsonl")
    with evening.of_the_demo(home, Path(journal)) as of_note:
        keys = {**bases.keys_of(home), **of_note}
        with served(home, "serve", LAPWING_CLOCK=evening.CLOCK, **PRODUCT) as url:
            wide = _signed_in(browser, url, home)
            paths = _pages(wide, url, keys)
            if not album.names or "chosen" in album.names:
                chosen.take(wide, url, keys)
            yield from album.taken(wide, url, paths, "data")
            phone = _also(browser, wide, viewport=_size(NARROW), color_scheme="dark")
            yield from album.taken(phone, url, _only(paths, ON_A_PHONE), "data, phone, dark")
            german = _also(browser, wide, viewport=_size(WIDE), locale="de-DE")
            yield from album.taken(german, url, _only(paths, IN_GERMAN), "data, German")
            asked = {**_only(paths, ASKS), "run_step": f"/runs/{keys['waiting']}/steps/approve/"}
            yield from album.taken(wide, url, asked, "error")
            yield from album.taken(wide, url, MISSING, "missing")


def _of_nothing_yet(browser: Browser, folder: Path, album: "Album") -> Iterator[Picture]:
    home = folder / "empty"
    bases.make(home, "empty")
    with served(home, **PRODUCT) as url:
        wide = _signed_in(browser, url, home)
        yield from album.taken(wide, url, _only(_pages(wide, url, {}), EMPTY), "empty")


def _size(width: int) -> Any:
    return {"width": width, "height": HEIGHT}


def _signed_in(browser: Browser, url: str, home: Path) -> BrowserContext:
    context = browser.new_context(viewport=_size(WIDE), reduced_motion="reduce", locale="en-GB")
    sign_in(context.new_page(), url, home)
    return context


def _also(browser: Browser, signed_in: BrowserContext, **given: Any) -> BrowserContext:
    """Another browser of the same user."""
    known = signed_in.storage_state()
    return browser.new_context(
        **{"storage_state": known, "reduced_motion": "reduce", "locale": "en-GB", **given}
    )


def _pages(context: BrowserContext, url: str, keys: dict) -> dict[str, str]:
    """The pages of the map by name."""
    from tests.backoffice.urls_of_the_map import examples

    found = [(name, path) for name, path in examples(keys) if not name.startswith(NOT_PICTURED)]
    pages = set(walk(over(context.request, url), found).pages)
    return {name: path for name, path in found if path in pages}


def _only(paths: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: path for name, path in paths.items() if name in names}


@dataclass(frozen=True)
class Album:
    out: Path
    names: tuple[str, ...]

    def taken(
        self, context: BrowserContext, url: str, pages: dict[str, str], state: str
    ) -> Iterator[Picture]:
        said, page = complaints(context, url), context.new_page()
        for name, path in pages.items():
            file = f"{name}-{state.replace(', ', '-').lower()}.png"
            if self.names and not file.startswith(self.names):
                continue
            said.clear()
            show(page, url + path)
            seen = _filled_wrongly(page) if state == "error" else []
            seen += [each for each in said if not (state == "missing" and "status of 404" in each)]
            seen += [*layout(page), *accessibility(page)]
            _whole(page, self.out / file)
            yield Picture(file, path, state, seen)
        page.close()


def _whole(page: Page, file: Path) -> None:
    """As long as the page is, so that what sticks to the window's height does so too."""
    window = page.viewport_size or {}
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({**window, "height": max(height, window["height"])})
    page.screenshot(path=str(file))
    page.set_viewport_size(window)


def _filled_wrongly(page: Page) -> list[str]:
    """What speaks against it, as a picture of an error."""
    if not page.evaluate(WRONGLY):
        return ["there is no form"]
    with page.expect_navigation():
        page.locator("[data-wrongly]").click()
    return [] if page.locator(SAYS_SO).count() else ["no error is shown"]


def _index(pictures: list[Picture]) -> str:
    lines = [
        "# Pictures of the screens",
        "",
        "| picture | path | state | what was seen |",
        "|---|---|---|---|",
    ]
    for each in pictures:
        seen = (
            "; ".join(" ".join(one.split()).replace("|", "\\|")[:160] for one in each.seen) or "nothing bad"
        )
        lines.append(f"| [{each.file}]({each.file}) | `{each.path}` | {each.state} | {seen} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    main(Path(sys.argv[1]), tuple(sys.argv[2:]))
