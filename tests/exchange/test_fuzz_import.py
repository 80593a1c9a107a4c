"""Damaged files: imported in full, or refused with places and nothing changed. Never anything else."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction

from lapwing.exchange.import_files import import_directory
from lapwing.exchange.problems import ImportRefused

from .samples import FILES, HEADERS, everything, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]
Mutation = Callable[[random.Random, bytes], bytes]

CELLS = [
    b"", b"-1", b"0.001", b"NaN", b"Infinity", b"-0", b"1e400", b"9" * 400, b"2015-02-31", b"10/03/2015",
    b"0000-00-00",
    b"9999-12-31", b"=1+1", b"+x", b"@x", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf",
    b'"', b'""', b'"a', b'a"b', b"\r", b"\n", b"\r\n", b",", b"x" * 10_001, "٣".encode(),
    "\u2028".encode(), b"true", b"EUR",
    b"A1", b"I1", b"C9", b"2015-03-10", b" ", b"\x1b[31m", b"%s", b"';--",
]  # fmt: skip


def _lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")


def a_cell(rng: random.Random, raw: bytes) -> bytes:
    lines = _lines(raw)
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(CELLS)
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def a_row_twice(rng: random.Random, raw: bytes) -> bytes:
    lines = _lines(raw)
    return b"\n".join([*lines[:-1], rng.choice(lines), b""])


def a_column_less(rng: random.Random, raw: bytes) -> bytes:
    at = rng.randrange(7)
    return b"\n".join(b",".join(c for n, c in enumerate(line.split(b",")) if n != at) for line in _lines(raw))


def a_column_twice(rng: random.Random, raw: bytes) -> bytes:
    return b"\n".join(line + b"," + line.split(b",")[0] if line else line for line in _lines(raw))


def a_line_lost(rng: random.Random, raw: bytes) -> bytes:
    lines = _lines(raw)
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def columns_turned(rng: random.Random, raw: bytes) -> bytes:
    return b"\n".join(b",".join(reversed(line.split(b","))) for line in _lines(raw))


def some_bytes(rng: random.Random, raw: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(rng.randint(1, 5)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut_short(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw))]


def noise(rng: random.Random, raw: bytes) -> bytes:
    return rng.randbytes(rng.randrange(300))


def header_and_noise(rng: random.Random, raw: bytes) -> bytes:
    return _lines(raw)[0] + b"\n" + bytes(rng.choices(b'abC1,,,,"\n\r\x00\xff -.', k=rng.randrange(200)))


def another_encoding(rng: random.Random, raw: bytes) -> bytes:
    name = rng.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp037", "utf-7"))
    return raw.decode(errors="replace").encode(name, "replace")


def another_line_end(rng: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"")))


def a_huge_cell(rng: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"1", b"1" * rng.choice((10_001, 200_000)), 1)


MUTATIONS: list[Mutation] = [
    a_cell, a_cell, a_cell, a_row_twice, a_column_less, a_column_twice, a_line_lost, columns_turned,
    some_bytes, cut_short,
    noise, header_and_noise, another_encoding, another_line_end, a_huge_cell,
]  # fmt: skip
ROUNDS = 4


@pytest.mark.parametrize("stored", [False, True], ids=["empty base", "base with the same rows"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_imported_in_full_or_refused_with_places(
    tmp_path: Path, name: str, stored: bool
) -> None:
    rng = random.Random(f"{name}{stored}")
    if stored:
        import_directory(write(tmp_path))
    before, outcomes = everything(), {"imported": 0, "refused": 0}
    for _ in range(ROUNDS):
        for mutation in MUTATIONS:
            raw = FILES[name].encode()
            for _ in range(rng.choice((1, 1, 2))):
                raw = mutation(rng, raw) if raw else raw
            write(tmp_path, {**FILES, name: raw})
            outcomes[_outcome(tmp_path, raw, before)] += 1
            assert everything() == before
    assert min(outcomes.values()) > 1  # both happen, else the fuzz finds nothing


def _outcome(path: Path, raw: bytes, before: dict[str, int]) -> str:
    try:
        with transaction.atomic():
            result = import_directory(path)
            created = sum(counts["created"] for counts in result.files.values())
            tables = ("Customer", "Account", "Subscription", "BillingTerm", "OpenItem", "Payment")
            after = everything()
            assert sum(after[t] - before[t] for t in tables) == created, raw
            transaction.set_rollback(True)
    except ImportRefused as refusal:
        assert refusal.wrong and refusal.total >= len(refusal.wrong), raw
        for cell in refusal.wrong:
            assert cell.file.removesuffix(".csv") in FILES and cell.line >= 1 and cell.reason and cell.code, (
                raw
            )
            assert len(cell.value) <= 80, raw
            str(cell).encode()  # can be shown
        return "refused"
    return "imported"


@pytest.mark.parametrize("name", FILES)
def test_every_cell_of_ten_megabytes_is_refused(tmp_path: Path, name: str) -> None:
    row = b",".join([b"9" * 10_000_000] * 2 + [b""] * (len(HEADERS[name]) - 2))
    write(tmp_path, {name: ",".join(HEADERS[name]).encode() + b"\n" + row + b"\n"})
    with pytest.raises(ImportRefused) as refusal:
        import_directory(tmp_path)
    assert [c.code for c in refusal.value.wrong][:2] == ["too_long", "too_long"]
