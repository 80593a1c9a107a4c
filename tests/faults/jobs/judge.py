"""Judges what became of jobs by three counts, in SQL of its own that asks nothing of the product's code.

* World: what the other systems' files say happened, by job: once for a job that succeeded, never twice.
* Books: rows that a job of its type leaves in our database: exactly as many as its type says.
* Jobs: every job that was asked for has ended, or is due in the future, or is held under a lease; its attempts are
  numbered without gaps and one of them ended it.

Besides, everything that `lapwing verify` knows must hold, and the database itself must refuse a second open job of a
key and a second ending of an attempt.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.faults.judge import rows

MET, BROKEN = ("succeeded", "not_applicable"), ("failed", "cancelled")
SHOWN = 10


@dataclass
class Verdict:
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    found: list[str] = field(default_factory=list)

    def lose(self, line: str) -> None:
        self.lost += 1
        self.found.append(f"lost: {line}")

    def double(self, line: str) -> None:
        self.doubled += 1
        self.found.append(f"doubled: {line}")

    def stick(self, line: str) -> None:
        self.stuck += 1
        self.found.append(f"stuck: {line}")


@dataclass(frozen=True)
class Row:
    id: int
    status: str
    attempt: int
    code: str
    text: str
    is_due: bool  # ready, and its time has come
    is_held: bool


def judge(scene: Any, asked: Mapping[Any, Sequence[int]], *, may_fail: Sequence[int] = ()) -> Verdict:
    """`asked` are the numbers of the jobs by their Kind; those in `may_fail` are to end failed, without an effect."""
    verdict = Verdict()
    with closing(scene.database.connect()) as connection:
        ledger = {row.id: row for row in _ledger(connection, scene.database.vendor)}
        for kind, numbers in asked.items():
            _count_jobs(verdict, numbers, ledger, may_fail)
            if kind.world:
                _count_world(verdict, kind, scene, numbers, ledger)
            for what, statement in kind.books.items():
                counted = dict(rows(connection, statement))
                _count_effects(verdict, f"{kind.name}, books, {what}", counted, numbers, ledger)
            verdict.found += kind.beside(scene)
        _count_attempts(verdict, connection, ledger)
        verdict.found += [f"the database would take {guard}" for guard in _missing_guards(connection)]
    verdict.found += [f"verify: {line}" for line in scene.do("verify")]
    return verdict


def _count_jobs(
    verdict: Verdict, numbers: Sequence[int], ledger: dict[int, Row], may_fail: Sequence[int]
) -> None:
    for number in numbers:
        row = ledger.get(number)
        if row is None:
            verdict.lose(f"job {number} is not in the ledger")
        elif row.status in BROKEN and number not in may_fail:
            verdict.lose(f"job {number} ended {row.status}: {row.code}, {row.text[:100]}")
        elif row.status not in MET + BROKEN and (
            row.is_due or not (row.is_held or row.status in ("waiting", "retry"))
        ):
            verdict.stick(f"job {number} is {row.status} in attempt {row.attempt}, {row.code}")


def _count_world(
    verdict: Verdict, kind: Any, scene: Any, numbers: Sequence[int], ledger: dict[int, Row]
) -> None:
    happened: Counter[int] = kind.world(scene)
    _count_effects(verdict, f"{kind.name}, world", happened, numbers, ledger)
    verdict.found += [
        f"{kind.name}, world: something happened for job {number}, which nobody asked for"
        for number in happened
        if number not in set(numbers)
    ][:SHOWN]


def _count_effects(
    verdict: Verdict, where: str, counted: Mapping[int, int], numbers: Sequence[int], ledger: dict[int, Row]
) -> None:
    for number in numbers:
        times, status = counted.get(number, 0), ledger[number].status if number in ledger else "gone"
        if times > 1:
            verdict.double(f"{where}: job {number} did it {times} times")
        elif times < 1 and status == "succeeded":
            verdict.lose(f"{where}: job {number} succeeded and did nothing")
        elif times and status != "succeeded" and "books" in where and "key" not in where:
            verdict.found.append(f"{where}: job {number} is {status}, but what it wrote stayed")


def _count_attempts(verdict: Verdict, connection: Any, ledger: dict[int, Row]) -> None:
    kept: dict[int, list[tuple[int, str]]] = {}
    for job, number, outcome in rows(
        connection, "SELECT job_id, number, outcome FROM jobs_jobattempt ORDER BY 1, 2"
    ):
        kept.setdefault(job, []).append((number, outcome))
    for row in ledger.values():
        attempts = kept.pop(row.id, [])
        ended = row.attempt - (row.status == "in_progress")
        if [number for number, _ in attempts] != list(range(1, ended + 1)):
            verdict.found.append(f"job {row.id}: {ended} attempts ended, kept are {attempts}")
        endings = [outcome for _, outcome in attempts if outcome in MET]
        if len(endings) > 1:
            verdict.double(f"job {row.id} ended well {len(endings)} times")
        if row.status in MET and (not attempts or attempts[-1][1] != row.status):
            verdict.found.append(f"job {row.id} is {row.status}, its last attempt is {attempts[-1:]}")
    verdict.found += [f"attempts of job {job}, which is not there: {found}" for job, found in kept.items()]


def _ledger(connection: Any, vendor: str) -> list[Row]:
    now = "clock_timestamp()" if vendor == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    columns = (
        "id, status, attempt, result_code, result, "
        f"CASE WHEN status IN ('waiting', 'retry') AND blockers = 0 AND scheduled_for <= {now} THEN 1 ELSE 0 END, "
        f"CASE WHEN status IN ('dispatched', 'in_progress') AND lease_until > {now} THEN 1 ELSE 0 END"
    )
    found = rows(
        connection, f"SELECT {columns} FROM jobs_job UNION ALL SELECT {columns} FROM jobs_archivedjob"
    )
    return [Row(*row[:5], bool(row[5]), bool(row[6])) for row in found]


def _missing_guards(connection: Any) -> list[str]:
    """Tries what must be refused, and takes it back."""
    missing = []
    if rows(connection, "SELECT 1 FROM jobs_jobattempt LIMIT 1"):
        copied = _copy(connection, "jobs_jobattempt", {"outcome": "'succeeded'"})
        missing += ["a second ending of an attempt"] if copied else []
    if rows(connection, "SELECT 1 FROM jobs_job LIMIT 1"):
        open_job = {
            "id": "",
            "deduplication_key": "'tried'",
            "status": "'waiting'",
            "lease_token": "''",
            "lease_until": "NULL",
        }
        copied = _copy(connection, "jobs_job", open_job, twice=True)
        missing += ["a second open job of a key"] if copied else []
    return missing


def _copy(connection: Any, table: str, changes: Mapping[str, str], *, twice: bool = False) -> bool:
    """Whether the database took the copy, or the second one."""
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM {table} LIMIT 0")
    names = [column[0] for column in cursor.description if changes.get(column[0], "kept")]
    chosen = ", ".join(changes.get(name, name) for name in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) SELECT {chosen} FROM {table} ORDER BY 1 LIMIT 1"
    try:
        for _ in range(1 + twice):
            cursor.execute(statement)
    except Exception as error:
        if type(error).__name__ not in {"IntegrityError", "UniqueViolation"}:
            raise
        return False
    finally:
        with suppress(Exception):
            connection.rollback()
    return True
