"""Which pages there are to look at: an example of every URL of the map, and what their links lead to.

A link to another record of a sort that is known already, with no other filter or tab, adds nothing: of each sort of
page two are kept, of each way to filter it one.
"""

import html
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from django.urls import Resolver404, resolve

if TYPE_CHECKING:
    from playwright.sync_api import APIRequestContext

LINK = re.compile(r'<a\b(?![^>]*\sdownload\b)[^>]*?\shref="([^"]*)"')
OF_EACH_SORT, WITH_FILTERS = 2, 1
TELLING = {"tab", "step"}  # queries whose value makes another page
MAY_BE_ABSENT = ("mfa_", "openid_", "choose_password")  # what only some users and installations have

Ask = Callable[[str], "Answer"]


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    text: str

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.kind.startswith("text/html") and "<html" in self.text[:2000]


@dataclass(frozen=True)
class Walked:
    pages: list[str]
    first_of_a_sort: set[str]
    faults: list[str]  # links that lead nowhere, examples that do not answer


def walk(ask: Ask, starts: Iterable[tuple[str, str]]) -> Walked:
    """`starts` are names of the map with an example each."""
    ways = deque((path, name) for name, path in starts)
    known, sorts, pages, first, faults = set(), Counter(), [], set(), []
    while ways:
        path, origin = ways.popleft()
        sort = _sort(path)
        if path in known or not sort or sorts[sort] >= (WITH_FILTERS if "?" in path else OF_EACH_SORT):
            continue
        known.add(path)
        sorts[sort] += 1
        answer = ask(path)
        if answer.status >= 400 and answer.status != 405 and not origin.startswith(MAY_BE_ABSENT):
            faults.append(f"{answer.status} for {path}, from {origin}")
        if answer.is_page:
            pages.append(path)
            if sorts[sort] == 1:
                first.add(path)
            ways.extend((each, path) for each in _links(path, answer.text))
    return Walked(pages, first, faults)


def _links(path: str, text: str) -> list[str]:
    found = [urlsplit(urljoin(path, html.unescape(href))) for href in LINK.findall(text)]
    return [f"{each.path}{'?' + each.query if each.query else ''}" for each in found if not each.netloc]


def _sort(path: str) -> tuple | None:
    """The name of the URL, words of the path that name a step, and which filters are set; None for what is no screen."""
    parts = urlsplit(path)
    if parts.path.startswith("/static/"):
        return None
    try:
        match = resolve(unquote(parts.path))
    except Resolver404:
        return (parts.path,)
    steps = tuple(value for name, value in match.kwargs.items() if name in {"step", "behaviour", "scope"})
    filters = tuple(
        sorted((name, value if name in TELLING else "") for name, value in parse_qsl(parts.query) if value)
    )
    if match.namespace and filters:  # the lists of records are all of one making
        return match.view_name.rsplit("_", 1)[-1], tuple(name for name, _ in filters)
    return match.view_name, steps, filters


def over(requests: "APIRequestContext", url: str) -> Ask:
    """Asks as the signed-in browser does, without showing anything."""

    def ask(path: str) -> Answer:
        answer = requests.get(url + path, max_redirects=0)
        kind = answer.headers.get("content-type", "")
        return Answer(answer.status, kind, answer.text() if kind.startswith("text/html") else "")

    return ask
