"""Product and oracle agree: on every figure, answer and run of many random bases, and on both databases.

LAPWING_TEST_DOSE=full compares twenty times as many.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from . import tally
from .comparison import compare, taken_back
from .scenarios import SEEDS, Scenario

FOLDER = "second_opinion"
ON_BOTH = (0, 5, 17)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session share."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / FOLDER


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
def test_product_and_oracle_agree(
    seed: int, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seed that finishes last prints how often each code was met, and fails where one was met too seldom."""
    tally.leave(compare(Scenario(seed), tmp_path), seed, shared)
    if tally.left_digests(shared).keys() == set(SEEDS):
        counts, digest = tally.added_up(shared)
        with capsys.disabled():
            # Of a worker's output only this stream reaches the terminal.
            print(f"\n{connection.vendor}: {tally.in_words(counts, digest)}", file=sys.__stderr__, flush=True)
        assert tally.missed(counts) == []


@pytest.mark.django_db
def test_sqlite_gives_the_rows_that_postgresql_gives(tmp_path: Path) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("compared when the tests run on PostgreSQL")
    here = Path(__file__)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTEST_") and name != "LAPWING_DATABASE_URL"
    }
    base = tmp_path / "sqlite"
    subprocess.run(
        [sys.executable, "-m", "pytest", f"--basetemp={base}", "-p", "no:xdist", "-p", "no:randomly"]
        + [f"{here}::{test_product_and_oracle_agree.__name__}[{seed}]" for seed in ON_BOTH],
        cwd=here.parents[2],
        env=environment,
        check=True,
    )
    digests = {}
    for seed in ON_BOTH:
        with taken_back():
            digests[seed] = compare(Scenario(seed), tmp_path).digest
    assert digests == tally.left_digests(base / FOLDER)
