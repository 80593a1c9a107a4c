"""The side bar is made from what there is: a new kind of run has its entry by being registered."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from lapwing.backoffice.navigation import navigation
from lapwing.identity.permissions import Permission
from lapwing.runs.kinds import kinds
from tests.backoffice.conftest import signed_in


def lit(path: str) -> list[str]:
    """What is lit in the side bar on that page."""
    request = RequestFactory().get(path)
    request.resolver_match = resolve(request.path_info)
    request.permissions = frozenset(Permission)
    return [str(item["title"]) for group in navigation(request) for item in group["items"] if item["active"]]


@pytest.mark.parametrize("kind", [each.name for each in kinds])
def test_each_kind_of_run_has_an_entry_and_a_list_of_its_own(kind: str, sandbox):
    label = kinds.get(kind).label
    assert lit(f"/definitions/?kind={kind}") == [label]
    page = signed_in("olga").get("/definitions/", {"kind": kind}).content.decode()
    assert label in page and f"/new-definition/?kind={kind}" in page


@pytest.mark.parametrize(
    ("path", "title"),
    [("/definitions/", "Run definitions"), ("/definitions/?kind=nonsense", "Run definitions"), ("/runs/", "Runs"),
     ("/subscriptions/", "Subscriptions"), ("/", "Home"), ("/jobs/causes/", "Failed jobs by cause")],
)  # fmt: skip
def test_one_entry_is_lit_on_each_page(path: str, title: str):
    assert lit(path) == [title]
