"""Asks each page of the screens, in a process of its own on the database of LAPWING_DATABASE_URL; prints JSON lines.

`python -m benchmarks.screens.trial REPEATS`. The pages: an example of every URL, what their links lead to, and the first
page of each list with each of its filters: every choice of a list box, a text that is found and one that is not, a day.
"""

import html
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from benchmarks.base import DAY, NOON, OPERATOR
from benchmarks.engines import cpu_seconds

FORM = re.compile(r'<form method="get"(.*?)</form>', re.S)
SELECT = re.compile(r'<select\b[^>]*?\bname="([^"]+)"(.*?)</select>', re.S)
OPTION = re.compile(r'<option(?: value="([^"]*)")?[^>]*>([^<]*)')
INPUT = re.compile(r'<input type="(text|search|date|number)"[^>]*?\bname="([^"]+)"')
CHOICES = 12
TYPED = {"text": ("S0000", "A0000", "Customer 12", "zzzz"), "search": ("S0000", "Customer 12", "zzzz"), "date": (str(DAY),), "number": ("5",)}  # fmt: skip
NOT_A_SCREEN = ("account_", "mfa_", "admin:", "openid_")
AT_LEAST = 3


@dataclass(frozen=True)
class Figure:
    """Of one page: how often the database was asked, and milliseconds; `cpu_ms` leaves out what others took."""

    path: str
    status: int
    queries: int
    p95_ms: float
    median_ms: float
    cpu_ms: float


def main(repeats: int) -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test import Client

    from lapwing.core import clock
    from lapwing.identity.models import User

    clock.stand_at(NOON)
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    client.force_login(
        User.objects.get(username=OPERATOR), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    connection.ensure_connection()
    for path in _pages(client):
        print(json.dumps(asdict(_measured(client, path, repeats))), flush=True)


def _pages(client: Any) -> Iterator[str]:
    from tests.backoffice.keys import keys
    from tests.backoffice.urls_of_the_map import examples
    from tests.browser.walk import Answer, walk

    texts: dict[str, str] = {}

    def ask(path: str) -> Answer:
        answer = client.get(path)
        kind = answer.get("Content-Type", "")
        text = answer.content.decode() if kind.startswith("text/html") and not answer.streaming else ""
        texts[path] = text
        return Answer(answer.status_code, kind, text)

    starts = [(name, path) for name, path in examples(keys()) if not name.startswith(NOT_A_SCREEN)]
    pages = [path for path in walk(ask, starts).pages if not path.startswith("/account/")]
    lists = [path for path in pages if "?" not in path]
    filtered = [each for path in lists for each in _filters(path, texts[path])]
    yield from dict.fromkeys([*pages, *filtered])


def _filters(path: str, text: str) -> Iterator[str]:
    for form in FORM.findall(text):
        for name, options in SELECT.findall(form):
            choices = [value for value, word in OPTION.findall(options) if value] or [
                word for value, word in OPTION.findall(options) if word not in ("", "all")
            ]
            for value in choices[:CHOICES]:
                yield f"{path}?{name}={quote(html.unescape(value))}"
        for kind, name in INPUT.findall(form):
            for value in TYPED[kind]:
                yield f"{path}?{name}={value.replace(' ', '+')}"


def _measured(client: Any, path: str, repeats: int) -> Figure:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    backend = connection.connection.info.backend_pid if connection.vendor == "postgresql" else None
    walls, cpu = [], cpu_seconds(backend)
    for _ in range(max(repeats, AT_LEAST)):
        before = time.perf_counter()
        client.get(path)
        walls.append(1000 * (time.perf_counter() - before))
    walls.sort()
    spent = 1000 * (cpu_seconds(backend) - cpu) / len(walls)
    p95 = walls[min(len(walls) - 1, round(0.95 * len(walls)))]
    return Figure(path, answer.status_code, len(asked), *(round(each, 1) for each in (p95, walls[len(walls) // 2], spent)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
