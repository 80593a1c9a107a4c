"""Definition files are read into one mapping or refused in words; applying them never crashes."""

import random
from datetime import date
from pathlib import Path

import pytest
import yaml
from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.exchange.definition_file import read_definition_file
from lapwing.runs.actions.apply_definition import apply_definition

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "definitions").glob("*.yaml"))


def _read(tmp_path: Path, content: str | bytes) -> dict:
    path = tmp_path / "cut.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_definition_file(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_read_as_yaml_reads_them(path: Path) -> None:
    assert read_definition_file(path) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa: 1\r\nb: 2015-03-10\r\n", {"a": 1, "b": date(2015, 3, 10)}),
        ('{"a": 1, "b": {"c": ["2015-03-10", null]}}', {"a": 1, "b": {"c": ["2015-03-10", None]}}),
        ('{"a":\t"\\ud83e\\udd86"}', {"a": "🦆"}),
        ("{a: b, c: [1]}", {"a": "b", "c": [1]}),
        ("---\na: '<<'\n...\n", {"a": "<<"}),
        ("a: =", {"a": "="}),
    ],
)
def test_yaml_and_json_are_read(tmp_path: Path, content: str | bytes, expected: dict) -> None:
    assert _read(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "one mapping"),
        ("- a", "one mapping"),
        ("null", "one mapping"),
        ("a: 1\nb:\n  c: 1\n  c: 2", "line 4, column 3: the key 'c' is there twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' is there twice"),
        ("a: &x 1", "line 1, column 4: anchors"),
        ("a: [*x]", "anchors and aliases"),
        ("a: !!python/object:os.system x", "tags are not read"),
        ("a: ! x", "tags are not read"),
        ("<<: {a: 1}", "must be a text"),
        ("yes: 1", "must be a text"),
        ("1: 1", "must be a text"),
        ("? [a]\n: 1", "must be a text"),
        ("a: 1\n---\nb: 1", "line 2, column 1: one document"),
        ("a: 1\n  b: 2", "line 2, column 4"),
        ("a:\n\t- b", "line 2, column 1"),
        ("a: {b", "line 1"),
        ("a: 2015-02-31", "'2015-02-31' is no date"),
        ("a: " + "9" * 5_000, "is no date or number"),
        ('{"a": ' + "9" * 5_000 + "}", "too many digits"),
        ("a: .nan", "is not a number"),
        ('{"a": Infinity}', "is not a number"),
        ('{"a": "\\u0000"}', "cannot be stored"),
        ('a: "\\ud800"', "cannot be stored"),
        ("a: \x07", "character 4"),
        (b"a: 1\nb: \xff", "line 2 is not UTF-8"),
        (b"a" * 1_000_001, "larger than 1 MB"),
        ("a: " + "[" * 10_000, "nested more than"),
        ('{"a":' * 50_000, "nested more than"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested more than"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(Refused) as refusal:
        _read(tmp_path, content)
    assert refusal.value.code == "bad_definition_file"
    assert words in refusal.value.message
    assert "cut.yaml" in refusal.value.message
    refusal.value.message.encode()


@pytest.mark.parametrize("name", [".", "missing.yaml", "nul\0.yaml"])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="bad_definition_file"):
        read_definition_file(tmp_path / name)


WORDS = [
    "", "null", "0", "-1", "1.5", "true", "no", "[]", "{}", "[[]]", "{a: 1}", "2015-03-10",
    "2015-03-10 10:00:00", "0001-01-01",
    "9999-12-31 23:59:59 -20:00", '"2015-03-10T24:00"', "1e400", '"1e400"', "1.0e+300",
    "99999999999999999999", "'NaN'",
    "'RRULE:FREQ=DAILY;COUNT=0'", "'RRULE:FREQ=SECONDLY;INTERVAL=0'",
    "'RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2'", "EUR",
    "{EUR: 'x'}", "{EUR: 1.005}", "[sat, sat]", "['25:00', '08:00']", "NO", "any", "*", "🦆",
    "'" + "x" * 500 + "'", "&a 1", "<<",
    '"\\0"', "{method: at, at: 2015-02-30}", "{value: 1e9, unit: days}", "{value: 999999999, unit: days}",
]  # fmt: skip


def _damage(rng: random.Random, text: str) -> str:
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind <= 2:
        lines[at] = lines[at].partition(":")[0] + ": " + rng.choice(WORDS)
    elif kind == 3:
        lines.insert(at, rng.choice(lines))
    elif kind == 4:
        del lines[at]
    else:
        position = rng.randrange(len(text))
        return text[:position] + chr(rng.choice((*range(9, 127), 0xE9, 0x1F986))) + text[position + 1 :]
    return "\n".join(lines) or "x"


@pytest.mark.django_db
@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_damaged_definition_is_applied_or_refused(tmp_path: Path, path: Path) -> None:
    rng = random.Random(path.stem)
    for _ in range(80):
        text = path.read_text()
        for _ in range(rng.randint(1, 3)):
            text = _damage(rng, text)
        try:
            with transaction.atomic():
                apply_definition(_read(tmp_path, text))
                transaction.set_rollback(True)
        except Refused as refusal:
            assert refusal.code and refusal.message
            str(refusal).encode()
        except Exception as error:
            raise AssertionError(f"neither applied nor refused:\n{text}") from error
