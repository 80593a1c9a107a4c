"""The product's settings, with the tests' own app installed; child processes inherit both."""

import os
from pathlib import Path

os.environ["LAPWING_APPS"] = "tests.jobs.samples"
# So that sign-in by OpenID Connect is installed; its tests name a provider of their own.
os.environ["LAPWING_OIDC_URL"] = "http://localhost:1"
os.environ["LAPWING_OIDC_CLIENT"] = "lapwing"
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
)

from lapwing.conf.settings import *  # noqa: F403

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, in memory where the system has such a place: workers have connections of their own.
    folder = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else HOME  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(folder / f"lapwing-tests-{os.getpid()}.sqlite3")}  # noqa: F405
