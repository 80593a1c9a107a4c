"""Attacks over the map of URLs: values of the wrong sort in paths, queries and bodies meet a page in words, never an
error of the server; what is asked twice, or by two at once, happens once.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from lapwing.jobs.models import Job
from lapwing.runs.models import Run
from lapwing.subscriptions.models import SubscriptionAction
from tests.backoffice.conftest import make_base, signed_in
from tests.backoffice.urls_of_the_map import examples

FULL = os.environ.get("LAPWING_TEST_DOSE") == "full"  # each wrong value; otherwise some
HUGE = "9" * 40
HOSTILE = {
    "huge": HUGE,
    "larger than the database's": str(2**63),
    "negative": "-1",
    "nul": "a\0b",
    "other digits": "٣٤",
    "not a number": "1e9",
    "quote": "'\";--",
    "very long": "x" * 20_000,
    "surrogate": "%ED%A0%80",
    "braces": "{{7*7}}{%x%}",
    "path": "../../etc/passwd",
    "date": "9999-99-99",
    "far date": "9999-12-31",
    "nothing": " ",
}
SOME = ("larger than the database's", "nul", "other digits", "date")
VALUES = list(HOSTILE.values()) if FULL else [HOSTILE[name] for name in SOME]
FIELD = re.compile(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)"')
ALWAYS = ("after", "below", "page", "q", "date", "version", "compare", "tab", "p", "o", "_facets")
OWN_WAYS = ("account_", "mfa_")  # of the library that signs in


@pytest.fixture
def client(base) -> Client:
    found = signed_in("root")
    found.raise_request_exception = False
    return found


def _asked(client: Client, method: str, path: str, data: object = None):
    """One request whose changes are taken back."""
    with transaction.atomic():
        answer = getattr(client, method)(path, data)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def _fault(answer) -> str:
    """What is wrong with an answer: an error of the server, or a refusal that is no page in words."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if answer.status_code >= 400 and not re.search(
        rb"[A-Za-z]{3,} [a-z]+", re.sub(rb"<[^>]*>", b"", answer.content)
    ):
        return f"{answer.status_code} without a word"
    return ""


def _hostile_paths() -> Iterator[tuple[str, str]]:
    """Each parameter of each path with each value that its converter lets through."""
    for namespace, lookup in (("", get_resolver()), ("admin:", get_resolver().namespace_dict["admin"][1])):
        for name, ways in lookup.reverse_dict.lists():
            if not isinstance(name, str) or name.startswith(OWN_WAYS):
                continue
            for parameters in {tuple(way[0][0][1]) for way in ways}:
                for value in VALUES:
                    try:
                        yield (
                            name,
                            reverse(namespace + name, args=[value for _ in parameters]) if parameters else "",
                        )
                    except NoReverseMatch:
                        continue


def test_paths_of_the_wrong_sort_meet_a_page_in_words(client):
    wrong = {}
    for name, path in _hostile_paths():
        for method in ("get", "post") if path else ():
            if fault := _fault(_asked(client, method, path)):
                wrong.setdefault(f"{method} {name}: {fault}", path[:80])
    assert wrong == {}


def test_queries_of_the_wrong_sort_meet_a_page_in_words(client, base):
    wrong = {}
    for name, path in examples(base):
        if name.startswith(OWN_WAYS):
            continue
        fields = {*ALWAYS, *_fields(client, path)}
        for value in VALUES:
            if fault := _fault(_asked(client, "get", path, dict.fromkeys(fields, (value, value)))):
                wrong.setdefault(f"{name}: {fault}", value[:40])
        for field in () if name.startswith("admin:") else fields:  # one wrong value hides no other
            if fault := _fault(_asked(client, "get", path, {field: f"{HUGE}\0", f"{field}[]": HUGE})):
                wrong.setdefault(f"{name}: {fault}", field)
    assert wrong == {}


def test_bodies_of_the_wrong_sort_meet_a_page_in_words(client, base):
    wrong = {}
    for name, path in examples(base):
        if name.startswith(OWN_WAYS):
            continue
        fields = _fields(client, path)
        for value in VALUES:
            if fault := _fault(_asked(client, "post", path, dict.fromkeys(fields, (value, value)))):
                wrong.setdefault(f"{name}: {fault}", value[:40])
        if fault := _fault(_asked(client, "post", path, {})):
            wrong.setdefault(f"{name}: {fault}", "an empty body")
    assert wrong == {}


def _fields(client: Client, path: str) -> set[str]:
    """Names of what the page asks for."""
    answer = _asked(client, "get", path)
    kind = answer.get("Content-Type", "")
    text = answer.content.decode() if kind.startswith("text/html") and not answer.streaming else ""
    return {*FIELD.findall(text), "reason", "number", "name", "step", "job"} - {"csrfmiddlewaretoken", "back"}


def test_an_error_of_the_server_would_be_seen(client, monkeypatch):
    monkeypatch.setattr("lapwing.backoffice.views.runs.find_run", lambda number: 1 / 0)
    assert _fault(_asked(client, "get", "/runs/1/")) == "500"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/runs/{run}/steps/undo/", {"reason": "a mistake"}),
        ("/runs/{held}/steps/cancel/", {"reason": "not today"}),
        ("/definitions/{code}/steps/not-effective/", {}),
        ("/jobs/steps/", {"step": "run_now", "job": "{job}"}),
        ("/subscription-steps/activate_subscription/", {"number": "S1", "reason": "has paid"}),
    ],
)
def test_a_repeated_post_changes_nothing_more(path: str, body: dict, base):
    client = signed_in("root")
    body = {name: value.format(**base) for name, value in body.items()}
    client.post(path.format(**base), body)
    before = _state()
    again = client.post(path.format(**base), body, follow=True)
    assert _state() == before and again.status_code in (200, 409)


def _state() -> tuple:
    runs, jobs = (
        Run.objects.order_by("pk").values_list("pk", "state"),
        Job.objects.order_by("pk").values_list("pk", "status"),
    )
    return list(runs), list(jobs), SubscriptionAction.objects.count()


def test_two_at_once_take_one_step(committed_sandbox):
    base = make_base()
    clients, ready = [signed_in("root"), signed_in("olga")], Barrier(2)

    def undo(client: Client) -> str:
        ready.wait()
        try:
            return client.post(f"/runs/{base['run']}/steps/undo/", {"reason": "both"})["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as two:
        places = list(two.map(undo, clients))
    undone = Run.objects.filter(undo_of_id=base["run"])
    assert undone.count() == 1, places
    assert {f"/runs/{undone.get().pk}/"} <= set(places)
