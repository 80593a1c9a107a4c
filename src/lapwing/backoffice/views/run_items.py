"""The frozen list of a run with what became of each item: page by page, and as a file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.exports import Columns, decimal_amount, exported
from lapwing.backoffice.lists import PAGE, chosen, number, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.runs.actions.halt import find_run
from lapwing.runs.kinds import kinds
from lapwing.runs.queries import items, items_page, outcomes

OUTCOMES = ("done", "skipped", "error", "pending")


@screen(Permission.VIEW)
def run_items(request: HttpRequest, number: int) -> HttpResponse:
    run = find_run(number)
    kind = kinds.get(run.definition.kind)
    outcome, code = chosen(request, "outcome", OUTCOMES), written(request, "code")
    subject = written(request, "subject")
    wanted = (
        item
        for item in items(run)
        if outcome in ("", item["outcome"])
        and code in ("", item["code"])
        and item[kind.subject_column].startswith((subject, subject.upper()))
    )
    if file := exported(request, f"run-{run.pk}-items", _columns(kind), wanted):
        return file
    found = items_page(
        run, outcome=outcome, code=code, subject=subject, after=_after(request), limit=PAGE + 1
    )
    rows = [{**item, "subject": item[kind.subject_column], "owner": item[kind.owner_kind]} for item in found]
    return render(
        request,
        "backoffice/run_items.html",
        {
            "title": _("Items of run %(run)s") % {"run": run.pk},
            "run": run,
            "kind": kind,
            "page": page_of(request, rows, "after", lambda row: row["key"]),
            "outcome": outcome,
            "code": code,
            "subject": subject,
            "choices": OUTCOMES,
            "outcomes": outcomes(run),
        },
    )


def _after(request: HttpRequest) -> int:
    return number(request, "after") or 0


def _columns(kind: Any) -> Columns:
    """The names by which the command line writes the same file, and the amount as a number of its currency."""
    names = [kind.subject_column, kind.owner_kind, "outcome", "code", "description"]
    return {
        **{name: lambda item, name=name: item[name] for name in names},
        "amount": lambda item: decimal_amount(item["amount_minor"], item["currency"]),
        "currency": lambda item: item["currency"],
    }
