"""Bases of the ledger: rows written inside the database from their numbers, the same on both databases.

As a module it fills the database of LAPWING_DATABASE_URL:
`python -m benchmarks.jobs.ledger waiting:no_op:1000 ended:5000 mixed:5000 archived:5000 effects:1000`.
"""

import os
import sys

from benchmarks.base import hashed
from benchmarks.engines import Hand

COLUMNS = (
    "type, pool, lane, priority, status, attempt, tries, deaths, scheduled_for, blockers, has_followers, doubtful, parameters, "
    "subject_kind, subject_id, subject, deduplication_key, lease_token, cancel_asked_by, started_at, finished_at, "
    "result_code, result, requested_by, created_at"
)
ENDED_BY = "a worker of before"
PARAMETERS = {"no_op": "{}", "book": '{"do": ""}', "book_many": "{}"}
# Of a thousand jobs in the lists: statuses and types from common to rare; some combinations match nothing.
STATUSES = (
    ("succeeded", 900), ("not_applicable", 960), ("cancelled", 985), ("failed", 995), ("waiting", 998),
    ("retry", 999), ("in_progress", 1000),
)  # fmt: skip
ARCHIVED_STATUSES = (("succeeded", 930), ("not_applicable", 970), ("cancelled", 990), ("failed", 1000))
TYPES = (("send_email", 600), ("create_pdf", 900), ("no_op", 990), ("book", 999), ("tell", 1000))
JOBS_A_SUBJECT = 20


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    connection.close()
    hand = Hand(os.environ["LAPWING_DATABASE_URL"])
    for word in sys.argv[1:]:
        what, *rest = word.split(":")
        hand.begin()
        {"waiting": waiting, "ended": ended, "mixed": mixed, "archived": archived, "effects": effects}[what](
            hand, *rest
        )
        hand.commit()
    settle(hand)
    hand.close()


def waiting(hand: Hand, kind: str, rows: str) -> None:
    """Due jobs of one type, all of one instant, as a run writes them."""
    ago, false = _ago(hand, 60), _false(hand)
    hand.run(
        f"INSERT INTO jobs_job ({COLUMNS}) SELECT '{kind}', 'database', '', 50, 'waiting', 0, 0, 0, {ago}, 0, {false}, {false}, "
        f"'{PARAMETERS[kind]}'{_json(hand)}, 'subscription', i, 'S' || i, '', '', '', NULL, NULL, '', '', 'load', {ago} "
        f"FROM {_numbers(hand, int(rows))}"
    )


def ended(hand: Hand, rows: str) -> None:
    """Succeeded jobs with their attempts, of an hour ago, so that no sweep takes them."""
    ago, false = _ago(hand, 3600), _false(hand)
    hand.run(
        f"INSERT INTO jobs_job ({COLUMNS}) SELECT 'no_op', 'database', '', 50, 'succeeded', 1, 0, 0, {ago}, 0, {false}, {false}, "
        f"'{{}}'{_json(hand)}, 'subscription', i, 'S' || i, '', '', '', {ago}, {ago}, '', '', 'load', {ago} "
        f"FROM {_numbers(hand, int(rows))}"
    )
    hand.run(
        "INSERT INTO jobs_jobattempt (job_id, number, worker, started_at, ended_at, outcome, code, error) "
        f"SELECT id, 1, '{ENDED_BY}', started_at, finished_at, 'succeeded', '', '' FROM jobs_job "
        "WHERE status = 'succeeded'"
    )


def mixed(hand: Hand, rows: str) -> None:
    _listed(hand, int(rows), "jobs_job", STATUSES, first=10_000_000)


def archived(hand: Hand, rows: str) -> None:
    _listed(hand, int(rows), "jobs_archivedjob", ARCHIVED_STATUSES, first=0)


def _listed(hand: Hand, rows: int, table: str, statuses: tuple, *, first: int) -> None:
    ago, false = _ago(hand, 3600), _false(hand)
    status, kind = _of_thousand(hashed(1), statuses), _of_thousand(hashed(2), TYPES)
    lease = f"CASE WHEN {status} = 'in_progress' THEN {_ago(hand, -36_000)} END"
    hand.run(
        f"INSERT INTO {table} (id, lease_until, {COLUMNS}) SELECT {first} + i, {lease}, {kind}, 'database', '', 50, "
        f"{status}, 1, 0, 0, {_ago(hand, -36_000)}, 0, {false}, {false}, '{{}}'{_json(hand)}, 'subscription', "
        f"{hashed(3)} % {max(rows // JOBS_A_SUBJECT, 1)}, 'S' || ({hashed(3)} % {max(rows // JOBS_A_SUBJECT, 1)}), "
        f"'', '', '', {ago}, {ago}, '', '', 'load', {ago} FROM {_numbers(hand, rows)}"
    )


def effects(hand: Hand, rows: str) -> None:
    """Rows of another table, from which jobs are asked for in bulk."""
    hand.run(
        "INSERT INTO samples_effect (job_id, attempt, what) "
        f"SELECT i, 1, 'S' || i FROM {_numbers(hand, int(rows))}"
    )


def settle(hand: Hand) -> None:
    """What would otherwise happen in the background while a clock runs."""
    if hand.engine == "postgresql":
        hand.run("VACUUM ANALYZE")
        hand.run("CHECKPOINT")
    else:
        hand.run("PRAGMA wal_checkpoint(TRUNCATE)")


def _of_thousand(number: str, shares: tuple) -> str:
    cases = " ".join(f"WHEN {number} % 1000 < {below} THEN '{name}'" for name, below in shares)
    return f"CASE {cases} END"


def _numbers(hand: Hand, rows: int) -> str:
    if hand.engine == "postgresql":
        return f"generate_series(1, {rows}::bigint) AS n(i)"
    return (
        f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n)"
    )


def _ago(hand: Hand, seconds: int) -> str:
    if hand.engine == "postgresql":
        return f"now() - interval '{seconds} seconds'"
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '{-seconds} seconds')"


def _false(hand: Hand) -> str:
    return "FALSE" if hand.engine == "postgresql" else "0"


def _json(hand: Hand) -> str:
    return "::jsonb" if hand.engine == "postgresql" else ""


if __name__ == "__main__":
    main()
