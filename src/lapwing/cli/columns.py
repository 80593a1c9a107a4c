"""How wide the columns of a table are, and where their cells go on in the next line: between words, or after the
underscore of a code, inside a word only where nothing else fits.
"""

import re
from collections.abc import Sequence

PIECE = re.compile(r"[^\s_]*_+|[^\s_]+\s*|\s+")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d\S*")


def fitted(table: Sequence[Sequence[str]], width: int, whole: Sequence[bool]) -> list[int]:
    """The width of each column, the rows and their headings being no wider than `width` together. Columns that are
    `whole` are cut inside a word after all others, and after their headings.
    """
    columns = list(zip(*table, strict=True))
    widths = [max(map(len, column)) for column in columns]
    longest = [max(_longest_piece(cell) for cell in column) for column in columns]
    last = [
        max(map(_longest_piece, column[1:]), default=1) if kept else 1
        for column, kept in zip(columns, whole, strict=True)
    ]
    for least in (longest, last, [1] * len(columns)):
        _shrink(widths, least, width)
    return widths


def _shrink(widths: list[int], least: list[int], width: int) -> None:
    """Takes from the widest column that has more than its least, until all fit or none has."""
    while sum(widths) > width:
        spare = [position for position, each in enumerate(widths) if each > least[position]]
        if not spare:
            return
        widths[max(spare, key=widths.__getitem__)] -= 1


def wrapped(cell: str, width: int) -> str:
    """The cell in lines of at most `width`."""
    lines = [""]
    for piece in _pieces(cell):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        rest = lines.pop() + piece
        while len(rest.rstrip()) > width:
            lines.append(rest[:width])
            rest = rest[width:]
        lines.append(rest)
    return "\n".join(line.rstrip() for line in lines)


def _pieces(cell: str) -> list[str]:
    return [cell] if INSTANT.fullmatch(cell) else PIECE.findall(cell)


def _longest_piece(cell: str) -> int:
    return max((len(piece.rstrip()) for piece in _pieces(cell)), default=1) or 1
