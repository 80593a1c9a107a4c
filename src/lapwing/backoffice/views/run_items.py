"""The frozen list of a run with what became of each item: page by page, and as a file."""

import csv
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from lapwing.backoffice.lists import PAGE, chosen, number, page_of, written
from lapwing.backoffice.screen import screen
from lapwing.core.formula import safe_cell
from lapwing.identity.permissions import Permission
from lapwing.runs.actions.halt import find_run
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run
from lapwing.runs.queries import items, items_page, outcomes

OUTCOMES = ("done", "skipped", "error", "pending")


@screen(Permission.VIEW)
def run_items(request: HttpRequest, number: int) -> HttpResponse:
    run = find_run(number)
    kind = kinds.get(run.definition.kind)
    outcome, code = chosen(request, "outcome", OUTCOMES), written(request, "code")
    subject = written(request, "subject")
    found = items_page(
        run, outcome=outcome, code=code, subject=subject, after=_after(request), limit=PAGE + 1
    )
    rows = [{**item, "subject": item[kind.subject_column], "owner": item[kind.owner_kind]} for item in found]
    return render(
        request,
        "backoffice/run_items.html",
        {
            "title": f"Items of run {run.pk}",
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


@screen(Permission.VIEW)
def run_items_csv(request: HttpRequest, number: int) -> StreamingHttpResponse:
    run = find_run(number)
    wanted = chosen(request, "outcome", OUTCOMES), written(request, "code")
    return StreamingHttpResponse(
        _lines(run, *wanted),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="run-{run.pk}-items.csv"'},
    )


class _Echo:
    """What csv writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


def _lines(run: Run, outcome: str, code: str) -> Iterator[str]:
    kind = kinds.get(run.definition.kind)
    columns = [
        kind.subject_column,
        kind.owner_kind,
        "outcome",
        "code",
        "description",
        "amount_minor",
        "currency",
    ]
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(columns)
    for item in items(run):
        if outcome in ("", item["outcome"]) and code in ("", item["code"]):
            yield writer.writerow([safe_cell(item[column]) for column in columns])
