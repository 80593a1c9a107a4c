"""One evening carried on from the copy of the demo's data, two weeks later, so that every screen has something to show:
a run that pauses at its canary, one that awaits approval, a job that the provider refused, a promise, a hold, a dispute.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.test_commands import LAPWING

CLOCK = "2013-06-14T21:00:00+00:00"
NIGHTLY = """
kind: deactivate_in_grace
name: Nightly grace cut
alternative_code: NGC
description: Deactivates what is still unpaid when its grace has ended. Four at first, then a person looks.
criteria: {grace_period_end_days: 14, debt_guard: overdue, outstanding: {more_than: "25.00"}}
schedule: {method: repeat, start: 2013-06-15 22:00, every: 1, unit: days}
safety: {max_affected: 50, max_affected_percent: 20, max_amount: {USD: "5000"}, canary: 4, require_warning: false}
quiet_times: {weekdays: [sat, sun], holidays: US}
"""
POOR_RATING = """
kind: deactivate_in_grace
name: Cut of the poorly rated
alternative_code: CPR
description: Looks at the two lowest ratings alone; somebody else has to approve it.
criteria: {credit_ratings: [CA, C], grace_period_end_days: 30}
schedule: {method: now}
safety: {max_affected: 50, max_affected_percent: 20, max_amount: {USD: "5000"}, approval: true}
"""
BACK = """
kind: activate_settled
name: Bring back settled
alternative_code: BBS
description: Activates what was deactivated for debt, once nothing of the account is overdue.
criteria: {settled: overdue}
schedule: {method: repeat, start: 2013-06-15 20:00, every: 1, unit: days}
"""


@contextmanager
def of_the_demo(home: Path, journal: Path) -> Iterator[dict[str, str]]:
    """Carries it on in `home`, a copy; the provider is there meanwhile. Yields keys of what is worth a look."""
    with _provider(journal, home / "provider.port") as url:
        yield _carry_on(Evening(home), url)


class Evening:
    """The commands of that evening, as a person types them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}
        self.environment = {
            **clean,
            "LAPWING_HOME": str(home),
            "LAPWING_CLOCK": CLOCK,
            "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
        }

    def __call__(self, *command: str, given: str | None = None, ended: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [LAPWING, *command], env=self.environment, input=given, capture_output=True, text=True
        )
        if done.returncode not in ended:
            raise SystemExit(f"lapwing {' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def file(self, name: str, text: str) -> str:
        (self.home / name).write_text(text)
        return str(self.home / name)


def _carry_on(lapwing: Evening, url: str) -> dict[str, str]:
    lapwing("migrate")
    settings = lapwing.file("provider.json", json.dumps({"url": url}))
    lapwing("provider", "set", "acme", "automatic", "--name", "Acme Cloud", "--configuration", settings)
    for name, text in (("ngc", NIGHTLY), ("cpr", POOR_RATING), ("bbs", BACK)):
        lapwing("definition", "apply", lapwing.file(f"{name}.yaml", text))
    lapwing("run", "start", "NGC", "--wait", "--yes", ended=(0, 1))
    run = str(_read(lapwing("run", "list", "--format", "json"))[0]["run"])
    done = _items(lapwing, run, "done")
    pending = _items(lapwing, run, "pending")
    _say(url, mode="refuse", service=done[-1]["subscription"])
    lapwing("job", "work", "--until-idle")
    lapwing("run", "start", "CPR", "--wait", "--yes", ended=(0, 1))
    lapwing("definition", "submit", "BBS")
    for item, until in zip(pending[3:8:2], ("2013-06-19", "2013-06-24", "2013-07-01"), strict=True):
        lapwing("subscription", "do", item["subscription"], "extend_grace_period", "--until", until)
    spared = pending[-1]["account"]
    lapwing("account", "promise", spared, "--until", "2013-06-28", "--amount", "50.00")
    lapwing(
        "account",
        "hold",
        pending[0]["account"],
        "--until",
        "2013-06-30",
        "--reason",
        "moves to another address",
    )
    lapwing("payment", "announce", spared, "25.00", "--reference", "DD-2013-0614")
    lapwing("subscription", "schedule", done[0]["subscription"], "activate", "--on", "2013-07-01")
    return {
        **{"run": run, "waiting": str(int(run) + 1), "code": "NGC", "account": spared},
        **{"subscription": done[0]["subscription"], "pending": pending[0]["subscription"]},
    }


def _items(lapwing: Evening, run: str, outcome: str) -> list[dict]:
    return _read(lapwing("run", "items", run, "--outcome", outcome, "--format", "json"))


def _read(text: str) -> list[dict]:
    return json.loads(text)


@contextmanager
def _provider(journal: Path, port_file: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "lapwing.connectors.sandbox_provider", "--journal", str(journal)]
    started = subprocess.Popen([*command, "--port-file", str(port_file)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if port_file.exists():
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port_file.read_text()}"
    finally:
        started.terminate()
        started.wait(timeout=30)


def _say(url: str, **rule: str) -> None:
    """Tells the sandbox provider what to do wrong."""
    asked = urllib.request.Request(f"{url}/control/rules", json.dumps(rule).encode(), method="POST")
    urllib.request.urlopen(asked, timeout=10).close()
