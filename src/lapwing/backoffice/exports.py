"""Any list as a file: `?format=csv` or `?format=xlsx` with the same filters, written while it is read.

A text that a spreadsheet would take for a formula stays a text; numbers stay numbers; amounts are decimal numbers of
their currency. A file that ends before the list does says so in its last line.
"""

import csv
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import IO, Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from xlsxwriter import Workbook

from lapwing.backoffice.long_answers import InPlace, place
from lapwing.core.formula import safe_cell
from lapwing.core.money import minor_digits

FORMATS = ("csv", "xlsx")
AT_MOST = {"csv": 1_000_000, "xlsx": 50_000}  # rows
CHUNK = 1_000  # rows of one query
Columns = Mapping[str, str | Callable[[Any], Any]]


def exported(
    request: HttpRequest, name: str, columns: Columns, rows: Iterable[Any]
) -> StreamingHttpResponse | FileResponse | None:
    """The list as a file where the request asks for one; None where it asks for the page.

    `columns` maps a heading to a name in a row, dots for what hangs on it, or to what makes the cell of a row. `rows`
    is not read before the answer is sent. Raises Refused `busy` where too many files are being made.
    """
    form = request.GET.get("format", "")
    if form not in FORMATS:
        return None
    at_most = AT_MOST[form]
    cells = _cells(columns, itertools.islice(rows, at_most + 1), at_most)
    file_name = f"{name}.{form}"
    if form == "xlsx":
        with place():
            book = _workbook(name, list(columns), cells)
        return FileResponse(book, as_attachment=True, filename=file_name)
    return StreamingHttpResponse(
        InPlace(_lines(list(columns), cells)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def in_chunks(fetch: Callable[[Any, int], Sequence[Any]], key: Callable[[Any], Any]) -> Iterator[Any]:
    """All rows of a list that is read along a key: `fetch` gets the key of the last row, at first None, and how many
    it may return.
    """
    last = None
    while found := fetch(last, CHUNK):
        yield from found
        if len(found) < CHUNK:
            return
        last = key(found[-1])


def decimal_amount(minor: int | None, currency: str | None) -> Decimal | None:
    """1230 EUR -> 12.30, exact."""
    return None if minor is None or not currency else Decimal(minor).scaleb(-minor_digits(currency))


def _cells(columns: Columns, rows: Iterable[Any], at_most: int) -> Iterator[list[Any]]:
    """Zone and language are those of the request, which is over when a streamed answer is read."""
    readers = [attrgetter(each) if isinstance(each, str) else each for each in columns.values()]
    ended_early = gettext("Only the first %(count)s rows are in this file; narrow the filter for the others.")
    zone = timezone.get_current_timezone()

    def read() -> Iterator[list[Any]]:
        for position, row in enumerate(rows):
            if position == at_most:
                yield [ended_early % {"count": f"{at_most:,}"}]
                return
            yield [_in_zone(reader(row), zone) for reader in readers]

    return read()


def _in_zone(value: Any, zone: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    return value if isinstance(value, dict | list) else str(value)


class _Echo:
    """What csv writes to: gives the line back."""

    def write(self, line: str) -> str:
        return line


def _lines(titles: list[str], cells: Iterable[list[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")  # with a bare \n a lone \r would stay unquoted
    yield writer.writerow(titles)
    for row in cells:
        yield writer.writerow([safe_cell(_as_text(value)) for value in row])


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def _workbook(name: str, titles: list[str], cells: Iterable[list[Any]]) -> IO[bytes]:
    """One sheet, row by row, in a file that is gone when it is closed. Times are told in the zone that its second
    sheet names, since a cell has none.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    book = Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet(name[:31])
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, book.add_format({"bold": True}))
    for number, row in enumerate(cells, 1):
        for column, value in enumerate(row):
            _write(sheet, number, column, value, moment)
    about = book.add_worksheet(gettext("About"))
    about.write_string(
        0, 0, gettext("Times are in the zone %(zone)s.") % {"zone": timezone.get_current_timezone_name()}
    )
    book.close()
    file.seek(0)
    return file


def _write(sheet: Any, row: int, column: int, value: Any, moment: Any) -> None:
    """Texts as texts, whatever they begin with."""
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        # A spreadsheet keeps 15 digits; a longer number would change.
        if isinstance(value, int) and abs(value) >= 10**15:
            sheet.write_string(row, column, str(value))
        else:
            sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), moment)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value)
    else:
        sheet.write_string(
            row, column, str(safe_cell(value) if isinstance(value, dict | list) else value)[:32_767]
        )
