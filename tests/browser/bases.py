"""Bases to be looked at in a browser, each made in a data directory by a process of its own.

`make(HOME, "full")` is the base of the tests of the screens; "empty" has an organisation and its users only;
"canary" has a text that would be markup in every column of texts.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.test_commands import LAPWING, NOON

ROOT = str(Path(__file__).parents[2])
PLACE = {
    "LAPWING_APPS": "tests.jobs.samples",
    "PYTHONPATH": os.pathsep.join(
        filter(None, [ROOT, os.environ.get("PYTHONPATH")])
    ),  # the code that is tested
}


def make(home: Path, what: str) -> dict[str, Any]:
    """Returns the keys of what is there, as `tests.backoffice.conftest.make_base`."""
    given = {**_clean(), "LAPWING_HOME": str(home), "LAPWING_CLOCK": NOON, **PLACE}
    subprocess.run([LAPWING, "init", "--sandbox"], env=given, stdout=subprocess.DEVNULL, check=True)
    return _asked(home, what)


def keys_of(home: Path) -> dict[str, Any]:
    """Keys of what a base of somebody else's making holds."""
    return _asked(home, "")


def _asked(home: Path, what: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.bases", what],
        env={**_clean(), "LAPWING_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tests.settings", **PLACE},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LAPWING")}


def main(what: str) -> None:
    import django

    django.setup()
    from lapwing.core import clock
    from lapwing.core.context import acting_as
    from tests.backoffice.keys import keys
    from tests.conftest import NOON, set_up_organisation

    if not what:
        print(json.dumps(keys()))
        return
    clock.stand_at(NOON)
    with acting_as("olga"):
        set_up_organisation()
        print(json.dumps(_fill(what)))


def _fill(what: str) -> dict[str, object]:
    from tests.backoffice.conftest import make_base
    from tests.browser import canary

    if what == "empty":
        return {}
    return canary.write(make_base()) if what == "canary" else make_base()


if __name__ == "__main__":
    main(sys.argv[1])
