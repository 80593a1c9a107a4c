"""Runs the whole suite on SQLite, then the database's part of it on PostgreSQL: `make test`.

LAPWING_TEST_POSTGRESQL_URL says where PostgreSQL is; the user needs the right to create databases. Where it cannot be
reached its part is skipped with a line that says how to start it; with CI=true that is a failure.
"""

import os
import subprocess
import sys

DEFAULT_URL = "postgresql://postgres@127.0.0.1:5432/lapwing"
HOW_TO_START = (
    "start it with: docker run --rm -d -p 127.0.0.1:5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:15"
)
# What knows no database, or starts both of them by itself, and what looks at screens rather than at their data.
ONCE = (
    *("tests/faults", "tests/examples", "tests/cli", "tests/core", "tests/connectors", "tests/browser"),
    *(f"tests/backoffice/test_{name}.py" for name in ("attacks", "answers", "language", "roles", "sign_in")),
)


def main(arguments: list[str]) -> int:
    url = os.environ.get("LAPWING_TEST_POSTGRESQL_URL", DEFAULT_URL)
    os.environ["LAPWING_TEST_POSTGRESQL_URL"] = url
    print("== SQLite", flush=True)
    failed = run(arguments, "")
    problem = why_unreachable(url)
    if problem is None:
        print("== PostgreSQL", flush=True)
        failed |= run([*arguments, *(f"--ignore={folder}" for folder in ONCE)], url)
    else:
        print(f"== PostgreSQL at {url} skipped: {problem}; {HOW_TO_START}", flush=True)
        failed |= os.environ.get("CI") == "true"
    return int(failed)


def run(arguments: list[str], url: str) -> bool:
    """True when something failed."""
    environment = {**os.environ, "LAPWING_DATABASE_URL": url}
    for name in ("LAPWING_CLOCK", "LAPWING_HOME", "LAPWING_SANDBOX"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode != 0


def why_unreachable(url: str) -> str | None:
    import psycopg

    try:
        psycopg.connect(url.rpartition("/")[0] + "/postgres", connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return " ".join(str(error).split())[:200]
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
