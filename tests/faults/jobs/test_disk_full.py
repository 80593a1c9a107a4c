"""The disk under SQLite is full, then free again: workers wait and go on, and the file is whole."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.jobs.killing import finish
from tests.faults.jobs.kinds import MIX
from tests.faults.jobs.ledgers import SqliteFile
from tests.faults.jobs.scene import Scene, has_ended
from tests.faults.stage import dose

pytestmark = pytest.mark.xdist_group("fault-jobs-sqlite")
SIZE_MB = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", tmp_path],
        capture_output=True,
        check=False,
    )
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.decode()[:100]}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_full_disk_costs_time_only(small_disk, hands, world, tally_of):
    tally = tally_of("jobs, SQLite, local, disk full")
    scene = Scene(SqliteFile(small_disk / "ledger.sqlite3"), hands, world)
    for _ in range(dose(1, 5)):
        tally.seed()
        jobs = scene.clear().ask(MIX)
        filler = small_disk / "filler"
        pids = [scene.worker(drag_s=0.01, chunk_at_most=5) for _ in range(2)]
        time.sleep(0.15)
        fill(filler)
        time.sleep(1.0)
        assert scene.open_jobs() > 0, "they were faster"
        with pytest.raises(OSError, match="No space left"):
            (small_disk / "one more").write_bytes(bytes(4096))
        assert not any(has_ended(pid) for pid in pids), [scene.end(pid) for pid in pids]
        filler.unlink()
        finish(scene, jobs, tally)
        tally.add("others", "disk full")
        assert scene.rows("PRAGMA integrity_check") == [("ok",)]
    assert tally.verdict.found == []


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
