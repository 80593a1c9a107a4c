"""German as the second language: whoever chooses it sees nothing else on the shared screens."""

import gettext as standard
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

import lapwing.backoffice
from lapwing.backoffice.vocabulary import WORDS
from lapwing.connectors.port import connectors
from lapwing.core.context import acting_as
from lapwing.figures.keep import keep_figures
from lapwing.identity.actions.set_preferences import set_preferences
from lapwing.identity.permissions import Permission, Role
from lapwing.jobs.states import Status
from lapwing.jobs.types import job_types
from lapwing.runs.states import RunState
from lapwing.subscriptions.states import State
from tests.backoffice.conftest import signed_in
from tests.world import in_debt

CATALOGUES = Path(lapwing.backoffice.__file__).parent / "locale"
SCREENS = [
    *("/", "/live/", "/jobs/", "/jobs/?status=failed", "/jobs/?silent=yes", "/jobs/causes/", "/jobs/health/"),
    *("/jobs/types/", "/jobs/limits/type/?name=send_email", "/jobs/{job}/", "/jobs/{job}/?tab=parameters"),
    *("/jobs/{job}/?tab=attempts", "/jobs/{job}/?tab=links", "/jobs/{job}/?tab=subject"),
    *("/runs/", "/runs/?state=completed", "/subscriptions/", "/search/?q=S", "/search/?q=", "/preferences/"),
    *("/palette/?q=", "/runs/{run}/", "/runs/{held}/", "/runs/{run}/items/", "/runs/{run}/steps/undo/"),
    *("/runs/{held}/steps/cancel/", "/definitions/", "/definitions/NGC/steps/start/"),
    *("/definitions/NGC/preview/", "/new-user/", "/users/olga/", "/users/olga/steps/deactivate/"),
    *(
        "/subscription-steps/extend_grace_period/?number=HS1",
        "/my/sign-in/",
        "/my/password/",
        "/accounts/A1/",
    ),
    *("/customers/", "/customers/C-A1/", "/providers/", "/scheduled-changes/"),
    *("/subscriptions/{subscription}/", "/definitions/NGC/versions/"),
    *(f"/new-provider/?kind=automatic&connector={name}" for name in ("ldap", "radius", "scim")),
    *("/new-provider/?kind=manual", "/provider-settings/byhand/", "/provider-settings/byhand/?kind=none"),
    *("/steps/provider-account/map/?of={provider-account}",),
    *("/steps/account/hold/?of=A1", "/steps/account/post_payment/?of=A1", "/steps/provider/retry/?of=byhand"),
]
# The same in both languages, or data.
ALIKE = {
    *(
        "Lapwing",
        "CSV",
        "XLSX",
        "Status",
        "Version",
        "Text",
        "Parameter",
        "Definition",
        "Code",
        "UTC",
        "Name",
    ),
    *(
        "English",
        "Deutsch",
        "root",
        "Ctrl K",
        "Enter",
        "Tab",
        "Esc",
        "Import",
        "Broker",
        "local",
        "R",
        "j",
        "k",
    ),
    *("inetOrgPerson", "Filter-Id = {product}", "Port", "Token"),  # of connectors
    *("System", "olga", "olga,", "1 · olga", "fibre", "byhand", "do"),
}


class Texts(HTMLParser):
    """The texts and the labels of a page, without scripts, codes and choices of zones."""

    LABELS = {"aria-label", "placeholder", "title", "alt"}

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._skipping = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if tag in {"script", "style", "datalist"}:
            self._skipping = tag
        if "material-symbols" in (given.get("class") or ""):
            self._skipping = tag
        self.found |= {value.strip() for name, value in attrs if name in self.LABELS and value}

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipping:
            self._skipping = ""

    def handle_data(self, data: str) -> None:
        if not self._skipping and any(each.isalpha() for each in data):
            self.found.add(" ".join(data.split()))


def texts(client, path: str) -> set[str]:
    page = Texts()
    page.feed(client.get(path).content.decode())
    return page.found


def choose(language: str) -> None:
    with acting_as("root"):
        set_preferences(time_zone="", language=language)


@pytest.fixture
def data(base) -> set[str]:
    """What the base itself calls things, which no language changes."""
    from lapwing.catalog.models import BillingFrequency
    from lapwing.jobs.models import Job
    from lapwing.runs.models import Definition

    in_debt(1, prefix="G")
    keep_figures()
    names = {value for row in Definition.objects.values_list("name", "alternative_code") for value in row}
    names |= {
        value for row in Job.objects.values_list("type", "subject", "result_code", "result") for value in row
    }
    names |= set(BillingFrequency.objects.values_list("name", flat=True))
    names |= {each.name for each in job_types}
    names |= {each.label for each in job_types if type(each).__module__.startswith("tests.")}
    return names | ALIKE


def is_data(text: str, data: set[str]) -> bool:
    """A name of the base, or made of numbers, marks and codes."""
    if text in data or not any(each.isalpha() for each in text.replace("UTC", "")):
        return True
    return not any(word.isalpha() and word.islower() and len(word) > 3 for word in text.split()) and (
        any(each.isdigit() for each in text) or "Cust" in text or text.isupper()
    )


@pytest.mark.parametrize("path", SCREENS)
def test_a_german_user_sees_german_everywhere(path: str, base, data):
    client, path = signed_in("root"), path.format(**base)
    choose("en")
    english = texts(client, path)
    choose("de")
    german = texts(client, path)
    assert sorted(text for text in english & german if not is_data(text, data)) == []


def test_a_stranger_is_asked_in_the_language_of_his_browser(client, sandbox):
    page = client.get("/account/login/", headers={"accept-language": "de"})
    assert 'lang="de"' in page.content.decode()


def test_amounts_counts_and_days_are_written_in_the_language():
    from datetime import date

    from lapwing.backoffice.templatetags.lapwing import amount, count, day, whole_amount

    with translation.override("de"):
        written = [count(12345), amount(123456, "EUR"), day(date(2015, 3, 10)), whole_amount(120000, "EUR")]
    assert [each.replace("\xa0", " ") for each in written] == [
        "12.345",
        "1.234,56 €",
        "10. Mär 2015",
        "1.200 €",
    ]


def test_geometry_of_pictures_has_points_in_every_language(base, data):
    import re

    choose("de")
    page = signed_in("root").get("/").content.decode()
    assert re.search(r'<rect class="lw-fill-\w+" x="[0-9.]+" y="[0-9.]+" width="[0-9.]+"', page)
    assert not re.search(r' (x|y|width|height)="[0-9]+,[0-9]', page)


def test_the_vocabulary_holds_every_word_that_the_domain_brings():
    brought = [*Status.values, *RunState.values, *State.values, *Role.values, *Permission]
    missing = {str(each).replace("_", " ") for each in brought} - set(WORDS)
    ours = {each.label for each in job_types if type(each).__module__.startswith("lapwing.")}
    assert missing | (ours - set(WORDS)) == set()


def test_the_vocabulary_holds_what_connectors_ask_for():
    fields = [field for each in connectors for field in each.Configuration.model_fields.values()]
    asked = {text for field in fields for text in (field.title, field.description) if text}
    assert (asked | {each.label for each in connectors}) - set(WORDS) == set()
    assert all(field.title for field in fields)


def test_the_compiled_catalogue_is_the_written_one():
    folder = CATALOGUES / "de" / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled = standard.GNUTranslations(file)
    with (folder / "django.po").open("rb") as file:
        written = read_po(file, locale="de")
    plain = [
        m for m in written if m.id and isinstance(m.id, str) and m.string and not m.context and not m.fuzzy
    ]
    assert len(plain) > 300
    assert [m.id for m in plain if compiled.gettext(m.id) != m.string] == []


DRAWN = re.compile(r'\s(?:x|y|x1|x2|y1|y2|width|height|cx|cy|r|points|d)="([^"]*)"')


@pytest.mark.parametrize("path", ["/", "/runs/{run}/", "/jobs/{job}/?tab=links", "/jobs/{job}/?tab=attempts"])
def test_pictures_are_drawn_with_points_in_every_language(path: str, base):
    """A browser reads no 40,5; the number would be left out and the bar with it."""
    keep_figures()
    choose("de")
    page = signed_in("root").get(path.format(**base)).content.decode()
    drawn = [
        value for picture in re.findall(r"<svg.*?</svg>", page, re.S) for value in DRAWN.findall(picture)
    ]
    assert [value for value in drawn if "," in value] == []
    assert len(drawn) > 10 or "tab=" in path
