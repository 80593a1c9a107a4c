"""The whole run as one would script it by hand: freeze, then batches that look again under lock and keep a proof.

Same tables, indexes, session settings, batch size, exclusions, audit entries and hashes as ours; no definition
language, no state machine, no brake, no resuming. Prints what it measured as one JSON line.

`python -m benchmarks.peers.run_by_hand [--batch-size N] [--no-disturbance]`
"""

import argparse
import hashlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.base import CODE, DAY, NOON, OPERATOR
from benchmarks.engines import Hand, cpu_seconds, in_process, peak_memory_mb

SELECT = {
    # The debt of each account once, then joined to its subscriptions.
    "postgresql": """
        INSERT INTO runs_runitem (run_id, subject_id, owner_id, amount_minor, currency, witness, calendar, evidence)
        SELECT :run, s.id, s.account_id, SUM(o.unsettled_minor), a.currency, s.grace_revision, '',
               STRING_AGG(o.id || ':' || o.unsettled_minor, ' ')
        FROM subscriptions_subscription s
        JOIN receivables_account a ON a.id = s.account_id
        JOIN receivables_openitem o ON o.account_id = a.id AND o.unsettled_minor > 0
        WHERE s.life_cycle_state = 'effective' AND NOT s.free AND s.grace_open
          AND s.grace_end_on BETWEEN :window AND :day
          AND EXISTS (SELECT 1 FROM subscriptions_billingterm t WHERE t.subscription_id = s.id
                      AND t.price_plan_id IN (1, 2, 3, 4) AND t.valid_from <= :day
                      AND (t.valid_to IS NULL OR t.valid_to >= :day))
        GROUP BY s.id, a.currency
        HAVING SUM(o.unsettled_minor) >= CASE a.currency WHEN 'JPY' THEN 10 ELSE 1000 END
    """,
    # Subscriptions in key order (the plus signs keep the planner from the index on grace_end_on), so nothing is sorted.
    "sqlite": """
        INSERT INTO runs_runitem (run_id, subject_id, owner_id, amount_minor, currency, witness, calendar, evidence)
        SELECT :run, s.id, s.account_id, SUM(o.unsettled_minor), a.currency, s.grace_revision, '',
               GROUP_CONCAT(o.id || ':' || o.unsettled_minor, ' ')
        FROM subscriptions_subscription s
        CROSS JOIN receivables_account a ON a.id = s.account_id
        CROSS JOIN receivables_openitem o ON o.account_id = a.id AND o.unsettled_minor > 0
        WHERE s.life_cycle_state = 'effective' AND NOT s.free AND s.grace_open
          AND +s.grace_end_on BETWEEN :window AND :day
          AND EXISTS (SELECT 1 FROM subscriptions_billingterm t WHERE t.subscription_id = s.id
                      AND t.price_plan_id IN (1, 2, 3, 4) AND t.valid_from <= :day
                      AND (t.valid_to IS NULL OR t.valid_to >= :day))
        GROUP BY s.id
        HAVING SUM(o.unsettled_minor) >= CASE a.currency WHEN 'JPY' THEN 10 ELSE 1000 END
    """,
}

CUT = """
    INSERT INTO runs_runbatch (run_id, wave, calendar, first_key, last_key, items, finished, done, skipped, errors,
                               took_s)
    SELECT :run, 1, '', MIN(subject_id), MAX(subject_id), COUNT(*), :no, 0, 0, 0, 0
    FROM (SELECT subject_id, (ROW_NUMBER() OVER (ORDER BY subject_id) - 1) / :size AS part
          FROM runs_runitem WHERE run_id = :run) numbered
    GROUP BY part ORDER BY part
"""

LOCK = (
    """
    SELECT COUNT(*) FROM (SELECT 1 FROM receivables_account WHERE id IN (
        SELECT owner_id FROM runs_runitem WHERE run_id = :run AND subject_id BETWEEN :first AND :last)
        ORDER BY id FOR NO KEY UPDATE) locked
    """,
    """
    SELECT COUNT(*) FROM (SELECT 1 FROM subscriptions_subscription WHERE id IN (
        SELECT subject_id FROM runs_runitem WHERE run_id = :run AND subject_id BETWEEN :first AND :last)
        ORDER BY id FOR NO KEY UPDATE) locked
    """,
)

ACTION = """
    INSERT INTO subscriptions_subscriptionaction (subscription_id, revision, behaviour, state, from_state, to_state,
        grace_was_open, grace_open, grace_start_on, grace_end_on, quantity, value, reason_code, reason, rejection,
        run_id, requested_by, requested_at, executed_at, executed_on)
    SELECT s.id, s.revision + 1, 'deactivate_subscription', 'executed', 'effective', 'not_effective',
        s.grace_open, :no, s.grace_start_on, s.grace_end_on, s.quantity, '', 'debt', :reason, '',
        i.run_id, :operator, :noon, :noon, :day
"""
STILL_RIGHT = """
    WHERE i.run_id = :run AND i.subject_id BETWEEN :first AND :last
      AND s.life_cycle_state = 'effective' AND NOT s.free AND NOT s.never_disconnect AND s.grace_open
      AND {plus}s.grace_end_on BETWEEN :window AND :day
      AND (s.reactivated_on IS NULL OR s.reactivated_on <= :since)
      AND a.life_cycle_state = 'active' AND (a.on_hold_until IS NULL OR a.on_hold_until < :day)
      AND (a.promise_until IS NULL OR a.promise_until < :day)
      AND EXISTS (SELECT 1 FROM subscriptions_billingterm t WHERE t.subscription_id = s.id
                  AND t.price_plan_id IN (1, 2, 3, 4) AND t.valid_from <= :day
                  AND (t.valid_to IS NULL OR t.valid_to >= :day))
"""
PENDING = """COALESCE((SELECT SUM(p.amount_minor) FROM receivables_payment p
                      WHERE p.account_id = a.id AND p.state = 'pending'), 0)"""
ACT = {
    "postgresql": f"""
        {ACTION}
        FROM runs_runitem i
        JOIN subscriptions_subscription s ON s.id = i.subject_id AND s.account_id = i.owner_id
                                         AND s.grace_revision = i.witness
        JOIN receivables_account a ON a.id = s.account_id
        JOIN LATERAL (
            SELECT SUM(o.unsettled_minor) AS balance,
                   SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day AND NOT o.disputed) AS counting
            FROM receivables_openitem o WHERE o.account_id = a.id AND o.unsettled_minor > 0
        ) debt ON debt.balance >= CASE a.currency WHEN 'JPY' THEN 10 ELSE 1000 END AND debt.counting > 0
        {STILL_RIGHT.format(plus="")} AND {PENDING} < debt.counting
    """,
    "sqlite": f"""
        {ACTION}
        FROM runs_runitem i
        CROSS JOIN subscriptions_subscription s ON s.id = i.subject_id AND +s.account_id = i.owner_id
                                               AND s.grace_revision = i.witness
        CROSS JOIN receivables_account a ON a.id = s.account_id
        CROSS JOIN receivables_openitem o ON o.account_id = a.id AND o.unsettled_minor > 0
        {STILL_RIGHT.format(plus="+")}
        GROUP BY i.subject_id
        HAVING SUM(o.unsettled_minor) >= CASE a.currency WHEN 'JPY' THEN 10 ELSE 1000 END
           AND SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day AND NOT o.disputed) > {PENDING}
    """,
}

CHANGE = """
    UPDATE subscriptions_subscription
    SET life_cycle_state = 'not_effective', grace_open = :no, revision = revision + 1, updated_at = :noon,
        updated_by = :operator
    WHERE id BETWEEN :first AND :last AND id IN (
        SELECT subscription_id FROM subscriptions_subscriptionaction
        WHERE run_id = :run AND subscription_id BETWEEN :first AND :last)
"""

# Few rows: one form for both databases.
EXCLUDE = f"""
    INSERT INTO runs_runexclusion (run_id, subject_id, outcome, code, description)
    SELECT :run, id, CASE WHEN code = 'account_not_active' THEN 'error' ELSE 'skipped' END, code, ''
    FROM (
        SELECT s.id, CASE
            WHEN COALESCE(debt.balance, 0) = 0 THEN 'settled_since_selection'
            WHEN a.life_cycle_state <> 'active' THEN 'account_not_active'
            WHEN s.never_disconnect THEN 'never_disconnect'
            WHEN a.on_hold_until >= :day OR a.promise_until >= :day THEN 'on_hold'
            WHEN COALESCE(debt.overdue, 0) > 0 AND COALESCE(debt.counting, 0) = 0 THEN 'disputed'
            WHEN COALESCE(debt.counting, 0) <= 0 THEN 'nothing_overdue'
            WHEN debt.pending >= debt.counting THEN 'payment_in_flight'
            WHEN s.reactivated_on > :since THEN 'recently_reactivated'
            WHEN NOT s.grace_open OR s.grace_revision <> debt.witness THEN 'grace_changed'
            ELSE 'no_longer_matches' END AS code
        FROM (
            SELECT i.subject_id, i.witness, {PENDING} AS pending,
                   SUM(o.unsettled_minor) AS balance,
                   SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day) AS overdue,
                   SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day AND NOT o.disputed) AS counting
            FROM runs_runitem i
            JOIN receivables_account a ON a.id = i.owner_id
            LEFT JOIN receivables_openitem o ON o.account_id = i.owner_id AND o.unsettled_minor > 0
            WHERE i.run_id = :run AND i.subject_id BETWEEN :first AND :last AND i.subject_id NOT IN (
                SELECT subscription_id FROM subscriptions_subscriptionaction
                WHERE run_id = :run AND subscription_id BETWEEN :first AND :last)
            GROUP BY i.subject_id, i.witness, a.id
        ) debt
        JOIN subscriptions_subscription s ON s.id = debt.subject_id
        JOIN receivables_account a ON a.id = s.account_id
    ) judged
"""
COUNT_EXCLUDED = """
    SELECT COALESCE(SUM(CASE WHEN outcome = 'skipped' THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN outcome = 'error' THEN 1 ELSE 0 END), 0)
    FROM runs_runexclusion WHERE run_id = :run AND subject_id BETWEEN :first AND :last
"""

_LINE = " || '|' || ".join(
    f"CASE WHEN {column} THEN 't' ELSE 'f' END" if column in {"grace_was_open", "grace_open"}
    else f"COALESCE(CAST({column} AS TEXT), '')"
    for column in (
        "subscription_id", "revision", "behaviour", "state", "from_state", "to_state", "grace_was_open", "grace_open",
        "grace_start_on", "grace_end_on", "quantity", "reason_code", "reason", "run_id", "requested_by", "executed_on",
    )
)  # fmt: skip
_LINES = f"""(SELECT subscription_id AS key, {_LINE} AS line FROM subscriptions_subscriptionaction
              WHERE run_id = :run AND subscription_id BETWEEN :first AND :last ORDER BY subscription_id) lines"""
PROOF = {
    "postgresql": f"""SELECT encode(sha256(convert_to(string_agg(line, chr(10) ORDER BY key), 'UTF8')), 'hex')
                      FROM {_LINES}""",
    "sqlite": f"SELECT group_concat(line, char(10)) FROM {_LINES}",
}

AUDIT = """
    INSERT INTO audit_auditentry (at, recorded_at, actor, action, subject_kind, subject_id, subject, run_id, reason,
                                  before, after, seal_hash)
    VALUES (:noon, :now, :operator, :action, 'run', :run, :subject, :run, '', '{}', :after, '')
"""
RUN = """
    INSERT INTO runs_run (created_at, created_by, updated_at, updated_by, definition_id, version_id, state, code,
        description, reason, nominal_on, window_from, submitted_by, started_at, selected,
        list_hash, approved_by, canary_passed)
    VALUES (:noon, :operator, :noon, :operator, 1, 1, 'in_progress', '', '', '', :day, :day, :operator, :noon, 0,
        '', '', :no)
    RETURNING id
"""
END = "UPDATE runs_run SET state = 'completed', selected = :items, frozen_at = :noon, ended_at = :noon WHERE id = :run"
CLAIM = """
    SELECT id, first_key, last_key, items FROM runs_runbatch WHERE run_id = :run AND NOT finished
    ORDER BY id LIMIT 1 {lock}
"""
FINISH = """
    UPDATE runs_runbatch SET finished = :yes, done = :done, skipped = :skipped, errors = :errors, started_at = :noon,
        finished_at = :noon, took_s = 0 WHERE id = :batch
"""


class Script:
    """The script's connection and the parameters every statement may name."""

    def __init__(self, url: str, batch_size: int) -> None:
        self.hand = Hand(url)
        plain = self.hand.engine == "sqlite"
        self.common: dict[str, Any] = {
            "yes": True,
            "no": False,
            "day": DAY.isoformat() if plain else DAY,
            "window": (DAY - timedelta(days=9)).isoformat() if plain else DAY - timedelta(days=9),
            "since": (DAY - timedelta(days=3)).isoformat() if plain else DAY - timedelta(days=3),
            "noon": NOON.strftime("%Y-%m-%d %H:%M:%S") if plain else NOON,
            "operator": OPERATOR,
            "size": batch_size,
        }

    def run(self, statement: str, **more: Any) -> Any:
        return self.hand.run(statement, {**self.common, **more})

    def audit(self, action: str, after: dict) -> None:
        now = datetime.now(UTC)
        text = now.isoformat(" ") if self.hand.engine == "sqlite" else now
        self.run(AUDIT, now=text, action=action, subject=str(self.common["run"]), after=json.dumps(after))

    def freeze(self) -> tuple[int, float]:
        """Returns how many items, and the seconds of INSERT … SELECT with its commit alone."""
        self.common["run"] = self.run(RUN).fetchone()[0]
        self.common["reason"] = f"run {self.common['run']} of {CODE}"
        before = time.perf_counter()
        self.hand.begin()
        items = self.run(SELECT[self.hand.engine]).rowcount
        self.hand.commit()
        insert_s = time.perf_counter() - before
        if self.hand.engine == "postgresql":
            self.hand.run("ANALYZE runs_runitem")
        self.hand.begin()
        self.run(CUT)
        self.audit("run.select", {"selected": items})
        self.hand.commit()
        return items, insert_s

    def batch(self) -> bool:
        self.hand.begin()
        postgresql = self.hand.engine == "postgresql"
        row = self.run(CLAIM.format(lock="FOR UPDATE SKIP LOCKED" if postgresql else "")).fetchone()
        if row is None:
            self.hand.commit()
            return False
        batch, first, last, items = row
        keys = {"first": first, "last": last}
        if postgresql:
            for statement in LOCK:
                self.run(statement, **keys)
        done = self.run(ACT[self.hand.engine], **keys).rowcount
        changed = self.run(CHANGE, **keys).rowcount
        skipped = errors = 0
        if done < items:
            self.run(EXCLUDE, **keys)
            skipped, errors = self.run(COUNT_EXCLUDED, **keys).fetchone()
        assert done == changed and done + skipped + errors == items, (row, done, changed, skipped, errors)
        proof = self.run(PROOF[self.hand.engine], **keys).fetchone()[0]
        proof = proof if postgresql else hashlib.sha256((proof or "").encode()).hexdigest()
        counts = {"done": int(done), "skipped": int(skipped), "errors": int(errors)}
        self.audit("run.batch", {"batch": batch, **keys, **counts, "sha256": proof})
        self.run(FINISH, batch=batch, **counts)
        self.hand.commit()
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=5_000)
    parser.add_argument("--no-disturbance", action="store_true")
    arguments = parser.parse_args()
    url = os.environ["LAPWING_DATABASE_URL"]
    script = Script(url, arguments.batch_size)
    backend = script.hand.backend
    before, cpu = time.perf_counter(), cpu_seconds(backend)
    items, insert_s = script.freeze()
    frozen, cpu_frozen = time.perf_counter(), cpu_seconds(backend)
    if not arguments.no_disturbance:
        in_process("benchmarks.disturb", url)
    resumed = time.perf_counter()
    while script.batch():
        pass
    script.run(END, items=items)
    after, cpu_after = time.perf_counter(), cpu_seconds(backend)
    measured = {
        "run": script.common["run"],
        "items": items,
        "insert_s": insert_s,
        "freeze_s": frozen - before,
        "apply_s": after - resumed,
        "freeze_cpu_s": cpu_frozen - cpu,
        "apply_cpu_s": cpu_after - cpu_frozen,
        "rss_mb": peak_memory_mb(),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
