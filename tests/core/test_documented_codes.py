"""What a job may answer, and what it may be, stands in docs/jobs.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from lapwing.connectors import errors
from lapwing.connectors.orders import Outcome
from lapwing.jobs.outcomes import Cancelled, GivenBack, Lost
from lapwing.jobs.types import job_types

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/jobs.md").read_text()
CODE = re.compile(r"[a-z]+(_[a-z]+)*_?")
TELL = {
    *("Succeeded", "NotApplicable", "Later", "Retry", "Failed"),
    *("TransientError", "PermanentError", "_not_applicable"),
}


def codes_told(source: str) -> Iterator[str]:
    """The codes given to an outcome; of one that is put together, how it begins."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in TELL:
            for given in (part for argument in call.args for part in beginnings(argument)):
                if CODE.fullmatch(given):
                    yield given


def beginnings(argument: ast.expr) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(text)) | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.BoolOp(values=values):
            for value in values:
                yield from beginnings(value)


def told_by_job_types() -> set[str]:
    files = sorted((ROOT / "src/lapwing").rglob("job_types/*.py"))
    return {code for file in files for code in codes_told(file.read_text())}


def test_codes_are_found_however_they_are_given():
    source = (
        'Later(at, "not_yet", "it waits"); NotApplicable(f"already_{x}", ""); Failed(x or "bad", "so it is")'
    )
    assert set(codes_told(source)) == {"not_yet", "already_", "bad"}


def test_every_code_a_job_may_answer_is_in_the_guide():
    told = told_by_job_types() | {each.code for each in (Cancelled(), GivenBack(), Lost())}
    told |= set(Outcome) | {each.code for each in errors.ConnectorError.__subclasses__()}
    mail = "".join(file.read_text() for file in (ROOT / "src/lapwing/messages").glob("smtp*.py"))
    told |= set(re.findall(r'"(smtp_[a-z_]+)"', mail))
    missing = [code for code in sorted(told) if f"`{code}" + ("" if code.endswith("_") else "`") not in GUIDE]
    assert len(told) > 40 and missing == []


def test_every_type_of_job_is_in_the_guide():
    ours = {each.name for each in job_types if type(each).__module__.startswith("lapwing.")}
    assert {name for name in ours if f"| `{name}` |" not in GUIDE} == set()
