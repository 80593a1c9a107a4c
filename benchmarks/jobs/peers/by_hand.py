"""What the database itself can do, by raw statements on the same tables and indexes with the same session settings.

`python -m benchmarks.jobs.peers.by_hand limit|commits|insert [--seconds N]`
"""

import argparse
import json
import os
import time
from typing import Any

from benchmarks.engines import Hand

DUE = "pool = 'database' AND priority = 50 AND status IN ('waiting', 'retry') AND blockers = 0 AND scheduled_for <= {now}"
CLAIMED = "status = 'in_progress', attempt = attempt + 1, lease_token = 'bench', lease_until = {later}, started_at = {now}"
CLAIM = {
    "postgresql": "WITH c AS MATERIALIZED (SELECT id FROM jobs_job WHERE {due} ORDER BY scheduled_for, id "
    "FOR UPDATE SKIP LOCKED) UPDATE jobs_job SET {claimed} FROM c WHERE jobs_job.id = c.id",
    "sqlite": "UPDATE jobs_job SET {claimed} WHERE {due}",
}
COMPLETE = (
    "UPDATE jobs_job SET status = 'succeeded', finished_at = {now}, lease_token = '', lease_until = NULL "
    "WHERE status = 'in_progress' AND attempt = 1 AND lease_token = 'bench'"
)
ATTEMPTS = (
    "INSERT INTO jobs_jobattempt (job_id, number, worker, started_at, ended_at, outcome, code, error) "
    "SELECT id, attempt, 'bench', started_at, {now}, 'succeeded', '', '' FROM jobs_job WHERE status = 'succeeded'"
)
INSERT = (
    "INSERT INTO jobs_job (type, pool, lane, priority, status, attempt, tries, deaths, scheduled_for, blockers, "
    "has_followers, doubtful, deduplication_key, lease_token, cancel_asked_by, result_code, result, requested_by, created_at, "
    "subject_kind, subject_id, subject, parameters) "
    "SELECT 'no_op', 'database', '', 50, 'waiting', 0, 0, 0, {now}, 0, {false}, {false}, '', '', '', '', '', 'system', {now}, "
    "'subscription', job_id, what, {empty} FROM samples_effect ORDER BY id"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["limit", "commits", "insert"])
    parser.add_argument("--seconds", type=float, default=3)
    arguments = parser.parse_args()
    hand = Hand(os.environ["LAPWING_DATABASE_URL"])
    print(json.dumps({"limit": limit, "commits": commits, "insert": insert}[arguments.what](hand, arguments)))
    hand.close()


def limit(hand: Hand, arguments: argparse.Namespace) -> dict[str, Any]:
    """One statement claims all, one completes all, one keeps an attempt of each; each is committed."""
    words = _words(hand)
    words |= {"due": DUE.format_map(words), "claimed": CLAIMED.format_map(words)}
    before = time.perf_counter()
    rows = hand.run(CLAIM[hand.engine].format_map(words)).rowcount
    hand.begin()
    completed = hand.run(COMPLETE.format_map(words)).rowcount
    two = time.perf_counter()
    kept = hand.run(ATTEMPTS.format_map(words)).rowcount
    hand.commit()
    three = time.perf_counter()
    assert rows == completed == kept > 0, (rows, completed, kept)
    return {"rate": rows / (two - before), "rate_with_attempts": rows / (three - before), "rows": rows}


def commits(hand: Hand, arguments: argparse.Namespace) -> dict[str, Any]:
    """One row each, each committed to the disk."""
    statement = "INSERT INTO samples_effect (job_id, attempt, what) VALUES (:number, 1, 'book')"
    if hand.engine == "postgresql":
        return _prepared_commits(arguments.seconds)
    number, ends_at = 0, time.perf_counter() + arguments.seconds
    before = time.perf_counter()
    while time.perf_counter() < ends_at:
        number += 1
        hand.run(statement, {"number": number})
    return {"rate": number / (time.perf_counter() - before)}


def _prepared_commits(seconds: float) -> dict[str, Any]:
    """The fastest way: a prepared statement, bound on the server."""
    import psycopg

    statement = "INSERT INTO samples_effect (job_id, attempt, what) VALUES (%s, 1, 'book')"
    with psycopg.connect(
        os.environ["LAPWING_DATABASE_URL"], autocommit=True, prepare_threshold=0
    ) as connection:
        number, before = 0, time.perf_counter()
        while time.perf_counter() < before + seconds:
            number += 1
            connection.execute(statement, [number])
        return {"rate": number / (time.perf_counter() - before)}


def insert(hand: Hand, arguments: argparse.Namespace) -> dict[str, Any]:
    words = _words(hand)
    before = time.perf_counter()
    hand.begin()
    rows = hand.run(INSERT.format_map(words)).rowcount
    hand.commit()
    return {"rows": rows, "rate": rows / (time.perf_counter() - before)}


def _words(hand: Hand) -> dict[str, str]:
    if hand.engine == "postgresql":
        return {
            "now": "statement_timestamp()",
            "later": "statement_timestamp() + interval '60 s'",
            "false": "FALSE",
            "empty": "'{}'::jsonb",
        }
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now'{})"
    return {"now": now.format(""), "later": now.format(", '60 seconds'"), "false": "0", "empty": "'{}'"}


if __name__ == "__main__":
    main()
