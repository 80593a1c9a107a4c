"""The commands of the ledger as their users meet them; each call is a process of its own."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import NOON, Home
from tests.jobs.conftest import ON_POSTGRESQL

pytestmark = pytest.mark.skipif(ON_POSTGRESQL, reason="each home has its own SQLite")
ROOT = Path(__file__).parents[2]
PYTHONPATH = f"{ROOT / 'src'}{os.pathsep}{ROOT}"  # the tree that this test is in
COLUMNS = ["job", "type", "status", "subject", "attempt", "scheduled_for", "result_code", "result"]
ASK = """
import django, sys
django.setup()
from django.db import transaction
from lapwing.cli.session import set_clock
from lapwing.core.context import acting_as
from lapwing.jobs.actions.enqueue import enqueue
set_clock()
with acting_as("root"), transaction.atomic():
    for do in sys.argv[1:]:
        print(enqueue("book", subject_kind="subscription", subject_id=1, subject=do or "good", parameters={"do": do}).pk)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> "Steered":
    """For those who only look."""
    return _four_jobs(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def steered(tmp_path) -> "Steered":
    """For one who changes them."""
    return _four_jobs(tmp_path)


def _four_jobs(path: Path) -> "Steered":
    """One succeeded, two failed, one waits for tomorrow; all commands in one place."""
    home = Steered(path)
    home.ok("init", "--sandbox")
    home.ask("", "permanent", "refuse", "later")
    home.ok("job", "work", "--until-idle")
    return home


class Steered(Home):
    """With the tests' job types; nothing falls due by itself within a test."""

    def __call__(self, *arguments: str, **options: str):
        return super().__call__(
            *arguments, LAPWING_APPS="tests.jobs.samples", PYTHONPATH=PYTHONPATH, **options
        )

    def ask(self, *dos: str) -> None:
        environment = {
            **os.environ,
            "LAPWING_HOME": str(self.path),
            "LAPWING_CLOCK": NOON,
            "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
        }
        environment |= {
            "LAPWING_APPS": "tests.jobs.samples",
            "PYTHONPATH": PYTHONPATH,
            "LAPWING_DATABASE_URL": "",
        }
        subprocess.run(
            [sys.executable, "-c", ASK, *dos], env=environment, check=True, capture_output=True, timeout=60
        )


def test_list_in_three_forms(kept):
    done = kept("job", "list", "--format", "json")
    assert done.stderr == ""  # JSON goes to stdout alone
    found = json.loads(done.stdout)
    assert [(each["subject"], each["status"], each["result_code"]) for each in found] == [
        ("later", "waiting", "not_yet"),
        ("refuse", "failed", "refused"),
        ("permanent", "failed", "closed"),
        ("good", "succeeded", ""),
    ]
    assert all(list(each) == COLUMNS for each in found)
    assert found[0]["scheduled_for"] == "2015-03-11T12:00:00+00:00"
    rows = list(csv.DictReader(io.StringIO(kept.ok("job", "list", "--format", "csv"))))
    assert [row["subject"] for row in rows] == [each["subject"] for each in found]
    assert list(rows[0]) == COLUMNS
    table = kept.ok("job", "list")
    assert max(map(len, table.splitlines())) <= 80
    assert "permanent" in table.split()
    assert "2015-03-11 12:00Z" in table
    ended = kept.ok("job", "list", "--status", "failed")
    assert "2015-03-1" not in ended  # none of them is still to come
    assert {"refuse", "permanent", "failed", "closed", "book"} <= set(ended.split())


def test_list_keeps_to_its_filters(kept):
    assert [each["subject"] for each in kept.json("job", "list", "--status", "failed")] == [
        "refuse",
        "permanent",
    ]
    assert [each["subject"] for each in kept.json("job", "list", "--subject", "good")] == ["good"]
    assert kept.json("job", "list", "--type", "no_op") == []
    assert len(kept.json("job", "list", "--limit", "2")) == 2


def test_show_tells_parameters_results_and_attempts(kept):
    (job,) = (each["job"] for each in kept.json("job", "list", "--subject", "refuse"))
    shown = kept.json("job", "show", str(job))
    assert {*COLUMNS} < {*shown}
    assert [each["attempt"] for each in shown["attempts"]] == [1]
    assert {each["code"] for each in shown["attempts"]} == {"refused"}
    assert (shown["parameters"], shown["waits_for"]) == ({"do": "refuse"}, [])
    table = kept.ok("job", "show", str(job))
    assert max(map(len, table.splitlines())) <= 80
    assert "it will never work" in table and "in doubt" not in table


def test_types_health_and_limits(kept):
    types = {each["type"]: each for each in kept.json("job", "types")}
    assert (types["book"]["pool"], types["book"]["paused"], types["tell"]["pool"]) == (
        "database",
        False,
        "outside",
    )
    assert "carry_out_batch" not in types
    health = kept.json("job", "health")
    assert (health["silent"], health["workers"], health["open"]["succeeded"]) == (0, 0, 1)
    table = kept.ok("job", "health")
    assert "start `lapwing serve` or `lapwing worker`" in table
    assert [line.split()[0] for line in table.splitlines()][:2] == ["workers", "jobs"]
    assert kept.json("job", "pause", "book") == {
        "type": "book",
        "paused": True,
        "concurrency": None,
        "rate": None,
    }
    assert kept.json("job", "health")["paused"] == ["type book"]
    assert kept.json("job", "resume", "book")["paused"] is False
    assert kept.json("job", "limit", "book", "--rate", "10", "--per", "60")["rate"] == "10 in 60 s"
    assert kept.json("job", "limit", "book")["rate"] is None


def test_run_now_and_cancel(steered):
    (failed,) = (each["job"] for each in steered.json("job", "list", "--subject", "permanent"))
    (later,) = (each["job"] for each in steered.json("job", "list", "--subject", "later"))
    assert [each["status"] for each in steered.json("job", "run-now", str(failed))] == ["waiting"]
    both = [str(failed), str(later)]
    assert "Nobody can be asked here: say --yes" in steered.refused("job", "cancel", *both, code=2)
    assert [each["status"] for each in steered.json("job", "cancel", *both, "--yes")] == ["cancelled"] * 2
    assert [each["status"] for each in steered.json("job", "run-now", *both, "--yes")] == ["waiting"] * 2
    steered.ok("job", "work", "--until-idle")
    assert steered.json("job", "show", str(failed))["status"] == "failed"


def test_failed_ones_of_a_type_are_cancelled_and_what_needs_a_person_is_settled(steered):
    steered.ask("refuse", "person", "person")
    steered.ok("job", "work", "--until-idle")
    left = ["job", "list", "--status", "failed"]
    done = steered.json("job", "cancel", "--failed", "book", "--code", "refused", "--yes")
    assert done and all(each["status"] == "cancelled" for each in done)
    assert steered.refused("job", "settle", "--failed", "book", "--reason", "x", code=2)
    settle = ["job", "settle", "--failed", "book", "--not-happened", "--yes"]
    assert "reason_missing" in steered.refused(*settle)
    assert [each["result_code"] for each in steered.json(*settle, "--reason", "asked")] == [
        "did_not_happen"
    ] * 2
    assert steered.json(*settle, "--reason", "asked") == []
    steered.ask("person")
    steered.ok("job", "work", "--until-idle")
    (job,) = (each["job"] for each in steered.json(*left) if each["result_code"] == "needs_person")
    assert "in doubt: an attempt may have had its effect" in steered.ok("job", "show", str(job))
    assert steered.json("job", "show", str(job))["doubtful"] is True
    (settled,) = steered.json("job", "settle", str(job), "--happened", "--reason", "asked")
    assert (settled["status"], settled["result"]) == ("succeeded", "did happen, says root: asked")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["job", "show", "4711"], "unknown_job"),
        (["job", "cancel", "1"], "illegal_transition"),
        (["job", "pause", "bok"], "unknown_job_type"),
        (["job", "list", "--status", "done"], "unknown_status"),
        (["job", "limit", "book", "--concurrency", "0"], "bad_limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_errors_are_one_line_with_a_code(kept, arguments, code):
    assert kept.refused(*arguments).rstrip().endswith(f"({code})")
