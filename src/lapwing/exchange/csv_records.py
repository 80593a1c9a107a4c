"""Records of a CSV file with their physical lines: UTF-8 with or without a byte order mark, CRLF or LF.

What is no CSV becomes a problem at its line; the records behind it are still read, as far as possible.
"""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from lapwing.exchange.problems import Problems

_BOM = b"\xef\xbb\xbf"
_NO_LIMIT = 2**31 - 1
_QUOTING = "is not CSV here: a quote inside a cell is written twice, and a cell with a quote stands in quotes"


class CsvRecords:
    """Iterates over (line, cells, encoding is right). Cells of a wrong encoding hold surrogates."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems
        self._hash = hashlib.sha256()
        self._wrong_encoding = False
        self.lost = False  # a record could not be read

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[tuple[int, list[str], bool]]:
        csv.field_size_limit(_NO_LIMIT)  # longer cells than we keep are refused one by one, with their place
        try:
            with self._path.open("rb") as file:
                yield from self._records(csv.reader(self._lines(file), strict=True))
        except OSError as error:
            self._problem(1, f"cannot be read: {error.strerror}", "unreadable")

    def _records(self, reader) -> Iterator[tuple[int, list[str], bool]]:
        while True:
            line = reader.line_num + 1
            self._wrong_encoding = False
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._explain(line, str(error))
                continue
            if cells:  # an empty line is no row
                yield line, cells, not self._wrong_encoding

    def _lines(self, file) -> Iterator[str]:
        for position, raw in enumerate(file):
            self._hash.update(raw)
            if not position:
                raw = raw.removeprefix(_BOM)
            try:
                yield raw.decode()
            except UnicodeDecodeError:
                self._wrong_encoding = True
                yield raw.decode(errors="surrogateescape")

    def _explain(self, line: int, error: str) -> None:
        if "unexpected end" in error:
            self._problem(line, "a quote is opened in this row and never closed", "unclosed_quote")
        elif "new-line" in error:
            self._problem(line, "a carriage return stands alone; lines end with LF or CRLF", "bad_line_end")
        else:
            self._problem(line, _QUOTING, "bad_quoting")

    def _problem(self, line: int, reason: str, code: str) -> None:
        self.lost = True
        self._problems.add(self._path.name, line, "", "", reason, code)
