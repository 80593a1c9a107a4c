"""Import: choosing files, their dry run, what is wrong as a table, and the import itself in the background."""

import csv
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lapwing.backoffice.lists import PAGE, number, page_of
from lapwing.backoffice.screen import screen
from lapwing.core.errors import Refused
from lapwing.core.formula import safe_cell
from lapwing.exchange.actions.steer_import import discard_import, start_import
from lapwing.exchange.actions.upload_files import upload_files
from lapwing.exchange.models import FILE_IMPORT, FileImport, ImportState
from lapwing.exchange.progress import progress_of
from lapwing.exchange.queries import file_import, newest_imports
from lapwing.exchange.sheets import SHEETS
from lapwing.identity.permissions import Permission

STEPS = {"start": start_import, "discard": discard_import}
UNDER_WAY = {ImportState.CHECKING, ImportState.IMPORTING}
WRONG = ("file", "line", "column", "value", "reason", "code")
SHOWN_WRONG = 200


@screen(Permission.IMPORT)
def import_list(request: HttpRequest) -> HttpResponse:
    """A POST takes the files in; their dry run follows in the background."""
    problem = ""
    if request.method == "POST":
        try:
            found = upload_files(_given(request))
        except Refused as refusal:
            problem = refusal.message
        else:
            return redirect("import", found.pk)
    rows = newest_imports(below=number(request, "below"), limit=PAGE + 1)
    context = {
        "title": _("Import"),
        "page": page_of(request, rows, "below", lambda each: each.pk),
        "sheets": [(sheet, ", ".join(sheet.columns)) for sheet in SHEETS],
        "problem": problem,
        "at_most_mb": settings.IMPORT_AT_MOST_MB,
    }
    return render(request, "backoffice/imports.html", context)


def _given(request: HttpRequest) -> dict[str, Iterator[bytes]]:
    """The files that were chosen, whatever they are called at home; an empty one is a file too."""
    chosen = ((sheet.file, request.FILES.get(sheet.name)) for sheet in SHEETS)
    return {name: _pieces(file) for name, file in chosen if file is not None}


def _pieces(file: Any) -> Iterator[bytes]:
    yield from file.chunks(chunk_size=1 << 20)


@screen(Permission.IMPORT)
def import_detail(request: HttpRequest, number: int) -> HttpResponse:
    return render(request, "backoffice/import.html", _shown(file_import(number)))


@screen(Permission.IMPORT)
def import_live(request: HttpRequest, number: int) -> HttpResponse:
    return render(request, "backoffice/import_live.html", _shown(file_import(number)))


def _shown(found: FileImport) -> dict[str, Any]:
    created = sum(counts["created"] for counts in found.counts.values())
    progress = progress_of(found.pk) if found.state in UNDER_WAY else None
    width = round(100 * progress["done"] / progress["total"]) if progress and progress["total"] else 0
    return {
        "title": _("Import %(number)d") % {"number": found.pk},
        "import": found,
        "under_way": found.state in UNDER_WAY,
        "created": created,
        "wrong": found.wrong[:SHOWN_WRONG],
        "more_wrong": found.wrong_total > SHOWN_WRONG,
        "progress": progress,
        "parts": [("in_progress", 0, width)],
        "offers": [step for step in STEPS if step in FILE_IMPORT.events(found.state)],
    }


@screen(Permission.IMPORT)
def import_step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """The page asks, with the numbers of rows; a POST does."""
    if step not in STEPS:
        raise Http404
    found = file_import(number)
    if request.method == "POST":
        request.back_to = reverse("import", args=[number])
        STEPS[step](number)
        messages.success(
            request, _("The import is under way.") if step == "start" else _("The import is discarded.")
        )
        return redirect("import", number)
    return render(request, "backoffice/import_step.html", {**_shown(found), "step": step})


@screen(Permission.IMPORT)
def import_errors_csv(request: HttpRequest, number: int) -> StreamingHttpResponse:
    """Every wrong cell that is kept; safe for spreadsheets."""
    found = file_import(number)
    rows = ([safe_cell(cell[name]) for name in WRONG] for cell in found.wrong)
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{number}-errors.csv"'
    return answer


class _Line:
    """A file for csv.writer that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterator[list[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(WRONG)
    yield from (writer.writerow(row) for row in rows)
