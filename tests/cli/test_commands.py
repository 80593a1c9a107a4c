"""The command as its users meet it: output, exit codes, refusals in one line. Each call is a process of its own."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAPWING = Path(sys.executable).parent / "lapwing"
NOON = "2015-03-10T12:00:00+00:00"
FILES = {
    "customers.csv": "number,name,kind,email,country,language,tax_id\n"
    + "".join(f"C{n},=Customer {n},person,,GB,en,\n" for n in (1, 2, 3, 4)),
    "accounts.csv": "number,customer,currency,classification,credit_rating,credit_limit,state,on_hold_until\n"
    + "A1,C1,EUR,home,C,,active,\nA2,C2,EUR,home,CA,,suspended,\nA3,C3,EUR,home,B,,active,2015-03-10\n"
    + "A4,C4,EUR,home,B,,active,\n",
    "subscriptions.csv": "number,account,type,state,product,quantity,provider,free,grace_start,grace_end\n"
    + "".join(f"S{n},A{n},fibre,effective,,1,,false,2015-02-24,2015-03-10\n" for n in (1, 2, 3, 4)),
    "invoices.csv": "number,account,issued_on,due_on,currency,total,disputed\n"
    + "".join(f"I{n},A{n},2015-02-01,2015-03-01,EUR,50,false\n" for n in (1, 2, 3))
    + "I4,A4,2015-03-01,2015-03-25,EUR,60,false\n",
}
DEFINITION = "kind: deactivate_in_grace\nname: Nightly grace cut\nsafety: {max_affected: 100}\n"


class Home:
    """One data directory and the commands run on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *arguments: str, clock: str = NOON, **environment: str) -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}
        clean |= {"LAPWING_HOME": str(self.path), **environment}
        if clock:
            clean["LAPWING_CLOCK"] = clock
        return subprocess.run(
            [LAPWING, *arguments],
            env=clean,
            cwd=self.path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def ok(self, *arguments: str, **options: str) -> str:
        done = self(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int = 0, **options: str):
        done = self(*arguments, "--format", "json", **options)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str, code: int = 1, **options: str) -> str:
        done = self(*arguments, **options)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if code == 1:
            assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.ok("init", "--sandbox")
    return home


@pytest.fixture
def base(home: Home) -> Home:
    (home.path / "files").mkdir()
    for name, text in FILES.items():
        (home.path / "files" / name).write_text(text)
    home.ok("import", "files")
    (home.path / "ngc.yaml").write_text(DEFINITION)
    home.ok("definition", "apply", "ngc.yaml")
    return home


def test_the_whole_way(base: Home):
    preview = base.json("run", "preview", "NGC")
    assert {
        key: preview[key] for key in ("selected", "would_do", "would_skip", "would_error", "accounts")
    } == {
        "selected": 4,
        "would_do": 1,
        "would_skip": {"on_hold": 1, "nothing_overdue": 1},
        "would_error": {"account_not_active": 1},
        "accounts": 1,
    }
    assert preview["amount_minor"] == {"EUR": 5000}
    assert preview["by"]["rating"]["C"]["would_do"] == 1
    assert preview["sample"][0]["subscription"] == "S1"
    told = base.json("run", "explain", "NGC", "S3")
    assert (told["selected"], told["outcome"], told["code"]) == (True, "skipped", "on_hold")
    assert {check["criterion"] for check in told["criteria"]} >= {
        "life_cycle_state",
        "grace_period_end",
        "unsettled",
    }
    assert [each["code"] for each in told["protections"] if each["applies"]] == ["on_hold"]
    run = base.json("run", "start", "NGC", "--wait", "--yes")
    assert run == {
        "run": 1, "definition": "NGC", "state": "completed", "code": None, "nominal_date": "2015-03-10",
        "version": 1, "selected": 4, "done": 1, "skipped": 2, "errors": 1, "pending": 0, "next_at": None,
    }  # fmt: skip
    items = list(csv.DictReader(io.StringIO(base.ok("run", "items", "1", "--format", "csv"))))
    assert [(each["subscription"], each["account"], each["outcome"], each["code"]) for each in items] == [
        ("S1", "A1", "done", ""),
        ("S2", "A2", "error", "account_not_active"),
        ("S3", "A3", "skipped", "on_hold"),
        ("S4", "A4", "skipped", "nothing_overdue"),
    ]
    assert items[0]["amount_minor"] == "5000" and items[0]["currency"] == "EUR"
    why = base.json("subscription", "why", "S1")
    assert why["state"] == "not_effective"
    assert why["action"]["run"]["definition"] == "NGC"
    assert why["action"]["run"]["debt"] == [
        {"invoice": "I1", "due_on": "2015-03-01", "unsettled_minor": 5000}
    ]
    assert base.json("run", "undo", "1", "--wait", "--yes")["done"] == 1
    assert base.json("subscription", "show", "S1")["state"] == "effective"
    base.ok("verify")
    assert [each["run"] for each in base.json("run", "list")] == [2, 1]


def test_steps_on_a_run_that_is_over_say_so_before_they_ask(base: Home):
    base.ok("run", "start", "NGC", "--wait", "--yes")
    resumed = base("run", "resume", "1")
    assert (resumed.returncode, resumed.stderr) == (0, "run 1 is completed; nothing to resume\n")
    assert "held because" not in base.refused("run", "approve", "1")  # refused, not asked
    assert base("run", "undo", "1", "--wait", "--yes").stderr == ""
    again = base("run", "undo", "1")
    assert "run 1 was undone by run 2 (1); 0 of its 1 actions are left" in again.stderr
    assert again.returncode == 2  # nobody can be asked here


@pytest.mark.parametrize("command", ["run list", "definition list", "user list", "run show 1", "run items 1"])
def test_tables_fit_80_columns(base: Home, command: str):
    base.ok("run", "start", "NGC", "--wait", "--yes")
    assert max(map(len, base.ok(*command.split()).splitlines())) <= 80


def test_a_list_of_runs_tells_an_undo_and_breaks_no_word(base: Home):
    base.ok("run", "start", "NGC", "--wait", "--yes")
    assert "undo" not in base.ok("run", "list")
    base.ok("run", "undo", "1", "--wait", "--yes")
    told = base.ok("run", "list")
    assert "undo" in told and "version" not in told
    assert told.split().count("completed") == told.split().count("2015-03-10") == 2
    items = base.ok("run", "items", "1")
    assert "€50.00" in items and "account_not_active" in items and "minor" not in items


@pytest.mark.parametrize(
    "command", ["run preview NGC", "run explain NGC S1", "subscription why S1", "account show A1"]
)
def test_reports_fit_80_columns_but_for_one_sentence(base: Home, command: str):
    assert all(
        len(line) <= 80 or ". " in line or line.endswith(".")
        for line in base.ok(*command.split()).splitlines()
    )


def test_exit_code_is_1_with_one_line_for_a_refusal(base: Home):
    assert "there is no definition 'X'" in base.refused("run", "start", "X", "--yes")
    assert "(unknown_subscription)" in base.refused("subscription", "why", "S99")
    assert "(illegal_transition)" in base.refused("subscription", "do", "S1", "activate_subscription")
    assert "(unknown_run)" in base.refused("run", "show", "99")
    assert "(bad_amount)" in base.refused("payment", "post", "A1", "12.345")


def test_exit_code_is_2_for_wrong_usage(base: Home):
    assert "No such command" in base.refused("runs", code=2)
    assert "is not a date" in base.refused("run", "preview", "NGC", "--date", "10/03/2015", code=2)
    assert "say --yes" in base.refused("run", "start", "NGC", code=2)
    assert "say --yes" in base.refused("definition", "delete", "NGC", code=2)


def test_every_command_has_help_with_an_example(home: Home):
    from click import Context, Group

    from lapwing.cli.main import root

    def walk(group: Group, path: list[str]):
        for name in group.list_commands(Context(group)):
            found = group.get_command(Context(group), name)
            yield [*path, name], found
            if isinstance(found, Group):
                yield from walk(found, [*path, name])

    names = dict((" ".join(path), found) for path, found in walk(root, []))
    assert len(names) > 40
    assert [name for name, found in names.items() if "xample" not in (found.help or "")] == []


def test_a_standing_clock_ends_a_wait_with_next_at(base: Home):
    (base.path / "t.yaml").write_text(
        "kind: deactivate_in_grace\nname: Throttled\nsafety: {max_affected: 100}\n"
        "schedule: {method: repeat, start: 2015-03-10 12:00, every: 1, unit: days}\n"
        "throttle: {max_batch_size: 3, start_again_after: {value: 10, unit: minutes}}\n"
    )
    base.ok("definition", "apply", "t.yaml")
    run = base.json("run", "start", "T", "--wait", "--yes", code=1)
    assert (run["state"], run["done"] + run["skipped"] + run["errors"], run["pending"]) == (
        "in_progress",
        3,
        1,
    )
    assert run["next_at"] == "2015-03-10T12:10:00+00:00"
    later = base.json("run", "resume", "1", "--wait", clock="2015-03-10T12:10:00+00:00")
    assert (later["state"], later["pending"]) == ("completed", 0)


def test_scheduler_tick_fires_a_submitted_definition(base: Home):
    (base.path / "s.yaml").write_text(DEFINITION + "schedule: {method: at, at: '2015-03-10 13:00'}\n")
    base.ok("definition", "apply", "s.yaml")
    assert base.json("definition", "submit", "NGC")["state"] == "draft"
    assert base.json("scheduler", "tick")["started"] == []
    assert base.json("scheduler", "tick", clock="2015-03-10T13:00:00+00:00")["started"] == [1]
    assert base.json("run", "list")[0]["state"] == "completed"
    assert base.json("scheduler", "status")["state"] == "running"
    assert base.json("scheduler", "stand-by")["state"] == "stand_by"


def test_approval_by_another_user_in_a_sandbox(base: Home):
    (base.path / "a.yaml").write_text("kind: deactivate_in_grace\nname: Asked\nsafety: {approval: true}\n")
    base.ok("definition", "apply", "a.yaml")
    assert base.json("run", "start", "A", "--wait", "--yes", code=1)["state"] == "awaiting_approval"
    assert "(own_approval)" in base.refused("run", "approve", "1", "--yes")
    assert base.json("run", "approve", "1", "--yes", "--as", "approver")["state"] == "in_progress"
    assert base.json("run", "resume", "1", "--wait")["state"] == "completed"


def test_receivables_commands(base: Home):
    hold = base.json("account", "hold", "A1", "--until", "2015-03-31", "--reason", "talks")
    assert hold["on_hold_until"] == "2015-03-31"
    assert base.json("account", "release", "A1")["on_hold_until"] is None
    assert (
        base.json("account", "promise", "A1", "--until", "2015-03-20", "--amount", "10")["promise_minor"]
        == 1000
    )
    assert base.json("invoice", "dispute", "I1", "--reason", "tariff")["disputed"] is True
    assert base.json("invoice", "undispute", "I1")["disputed"] is False
    paid = base.json("payment", "post", "A1", "20", "--invoice", "I1", "--reference", "P1")
    assert paid["settled"] == [{"invoice": "I1", "minor": 2000}]
    assert "€30.00" in base.ok("account", "show", "A1")
    assert base.json("account", "show", "A1")["balance_minor"] == 3000
    assert base.json("payment", "reverse", "P1")["state"] == "reversed"
    assert base.json("account", "show", "A1")["balance_minor"] == 5000
    base.ok("verify")


def test_what_the_protections_read_can_be_entered(base: Home):
    base.ok("payment", "announce", "A1", "50", "--reference", "DD1")
    assert base.json("run", "explain", "NGC", "S1")["code"] == "payment_in_flight"
    base.ok("payment", "fail", "DD1")
    assert base.json("run", "explain", "NGC", "S1")["outcome"] == "done"
    base.ok("organisation", "set", "--tolerance", "EUR=50")
    assert base.json("run", "explain", "NGC", "S1")["code"] == "nothing_overdue"
    assert (
        base.json("organisation", "set", "--tolerance", "EUR=0", "--max-affected", "7")["max_affected"] == 7
    )
    base.ok("account", "state", "A1", "suspended")
    assert base.json("run", "explain", "NGC", "S1")["code"] == "account_not_active"
    base.ok("account", "remind", "A1", "--on", "2015-03-01")
    planned = base.json("subscription", "do", "S1", "cancel_subscription", "--on", "2015-04-01")
    assert base.json("subscription", "cancel-action", str(planned["action"]))["action_state"] == "cancelled"
    base.ok("action-type", "add", "own", "deactivate_subscription", "--sub-type", "end_of_grace")
    assert base.json("action-type", "list")[0]["sub_types"] == ["end_of_grace"]
    (base.path / "v9.yaml").write_text("kind: deactivate_in_grace\nname: Other\n")
    assert "(invalid_definition)" in base.refused("definition", "apply", "v9.yaml")
    base.ok("verify")


def test_outside_a_sandbox_the_clock_and_as_are_refused(tmp_path: Path):
    home = Home(tmp_path)
    home.ok("init", clock="")
    assert "(clock_outside_sandbox)" in home.refused("verify")
    assert "(not_a_sandbox)" in home.refused("verify", "--as", "anna", clock="")
    assert "(not_a_sandbox)" in home.refused("init", "--sandbox", clock="")
    home.ok("init", clock="")
    home.ok("verify", clock="")


def test_before_init_the_next_step_is_said(tmp_path: Path):
    assert "run: lapwing init" in Home(tmp_path).refused("verify", clock="")


def test_the_secret_key_is_readable_by_its_owner_alone(home: Home):
    assert (home.path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_wrong_file_lists_every_row_and_changes_nothing(base: Home):
    bad = base.path / "bad"
    bad.mkdir()
    (bad / "invoices.csv").write_text(
        "number,account,issued_on,due_on,currency,total,disputed\nI8,A9,2015-02-31,2015-03-01,EUR,x,maybe\n"
    )
    done = base("import", "bad", "--format", "json")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert {cell["column"] for cell in json.loads(done.stdout)} >= {
        "account",
        "issued_on",
        "total",
        "disputed",
    }
    base.ok("verify")


def test_export_import_export_gives_the_same_bytes(base: Home, tmp_path_factory):
    base.ok("export", "out")
    other = Home(tmp_path_factory.mktemp("other"))
    other.ok("init", "--sandbox")
    other.ok("import", str(base.path / "out"))
    other.ok("export", "out")
    for file in sorted((base.path / "out").iterdir()):
        assert file.read_bytes() == (other.path / "out" / file.name).read_bytes()


def test_csv_output_is_safe_for_spreadsheets(base: Home):
    base.ok("subscription", "protect", "S1", "--reason", "=1+1")
    assert "'=1+1" in base.ok("subscription", "show", "S1", "--format", "csv")


def test_serve_carries_out_what_is_due_and_stops_on_a_signal(base: Home):
    base.ok("definition", "submit", "NGC")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}
    served = subprocess.Popen(
        [LAPWING, "serve", "--port", "0"],
        env={**clean, "LAPWING_HOME": str(base.path), "LAPWING_CLOCK": NOON},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        for line in served.stderr:
            lines.append(line.strip())
            if line.startswith("run 1 completed"):
                served.terminate()
        assert served.wait(timeout=30) == 0
    finally:
        served.kill()
    assert lines[-1] == "stopped"
    assert base.json("run", "list")[0]["state"] == "completed"
