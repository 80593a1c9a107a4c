"""Judges a database after a scenario by counts of its own, in SQL that asks nothing of the product's code.

It knows runs whose subjects are subscriptions. Every statement below finds what is wrong, one row each; the
product's own `verify` is asked besides.
"""

from contextlib import suppress
from typing import Any

ITEM, BATCH, EXCLUSION, RUN = "runs_runitem", "runs_runbatch", "runs_runexclusion", "runs_run"
ACTION, SUBSCRIPTION, AUDIT = (
    "subscriptions_subscriptionaction",
    "subscriptions_subscription",
    "audit_auditentry",
)

FATES = f"""
    SELECT i.run_id, i.subject_id, b.id AS batch_id,
           CASE WHEN b.finished THEN 1 ELSE 0 END AS expected,
           (SELECT COUNT(*) FROM {ACTION} a WHERE a.run_id = i.run_id AND a.subscription_id = i.subject_id) AS acted,
           (SELECT COUNT(*) FROM {EXCLUSION} e WHERE e.run_id = i.run_id AND e.subject_id = i.subject_id) AS excluded
    FROM {ITEM} i JOIN {BATCH} b
      ON b.run_id = i.run_id AND b.calendar = i.calendar AND i.subject_id BETWEEN b.first_key AND b.last_key
"""

FAULTS = {
    "an item lies not in exactly one batch": f"""
        SELECT i.run_id, i.subject_id, COUNT(b.id) FROM {ITEM} i LEFT JOIN {BATCH} b
          ON b.run_id = i.run_id AND b.calendar = i.calendar AND i.subject_id BETWEEN b.first_key AND b.last_key
        GROUP BY i.run_id, i.subject_id HAVING COUNT(b.id) <> 1""",
    "an item of a finished batch has not exactly one action or one exclusion, or one of an open batch has any": f"""
        SELECT * FROM ({FATES}) fates WHERE acted + excluded <> expected""",
    "an action of a run on a subscription that is not on its list": f"""
        SELECT a.run_id, a.subscription_id FROM {ACTION} a WHERE a.run_id IS NOT NULL AND NOT EXISTS
          (SELECT 1 FROM {ITEM} i WHERE i.run_id = a.run_id AND i.subject_id = a.subscription_id)""",
    "an exclusion of a subscription that is not on the list": f"""
        SELECT e.run_id, e.subject_id FROM {EXCLUSION} e WHERE NOT EXISTS
          (SELECT 1 FROM {ITEM} i WHERE i.run_id = e.run_id AND i.subject_id = e.subject_id)""",
    "a subscription has two actions of one run": f"""
        SELECT run_id, subscription_id, COUNT(*) FROM {ACTION} WHERE run_id IS NOT NULL
        GROUP BY run_id, subscription_id HAVING COUNT(*) > 1""",
    "a subscription is not effective without an executed deactivation by a run as its last action": f"""
        SELECT s.id, s.number, s.revision FROM {SUBSCRIPTION} s
        WHERE s.life_cycle_state = 'not_effective' AND NOT EXISTS
          (SELECT 1 FROM {ACTION} a WHERE a.subscription_id = s.id AND a.revision = s.revision
           AND a.behaviour = 'deactivate_subscription' AND a.state = 'executed' AND a.run_id IS NOT NULL)""",
    "a subscription is still effective although its last action deactivated it": f"""
        SELECT s.id, s.number FROM {SUBSCRIPTION} s JOIN {ACTION} a
          ON a.subscription_id = s.id AND a.behaviour = 'deactivate_subscription' AND a.revision >= s.revision
        WHERE s.life_cycle_state <> 'not_effective'""",
    "a subscription has not as many executed actions as its revision says": f"""
        SELECT s.id, s.revision, COUNT(a.id) FROM {SUBSCRIPTION} s LEFT JOIN {ACTION} a
          ON a.subscription_id = s.id AND a.state = 'executed'
        GROUP BY s.id, s.revision HAVING COUNT(a.id) <> s.revision""",
    "a batch counted what is not there": f"""
        SELECT * FROM (
          SELECT b.id, b.run_id, b.items, b.done, b.skipped, b.errors,
            (SELECT COUNT(*) FROM {ITEM} i WHERE i.run_id = b.run_id AND i.calendar = b.calendar
             AND i.subject_id BETWEEN b.first_key AND b.last_key) AS there,
            (SELECT COUNT(*) FROM {ACTION} a WHERE a.run_id = b.run_id
             AND a.subscription_id BETWEEN b.first_key AND b.last_key) AS acted,
            (SELECT COUNT(*) FROM {EXCLUSION} e WHERE e.run_id = b.run_id AND e.outcome = 'skipped'
             AND e.subject_id BETWEEN b.first_key AND b.last_key) AS left_alone,
            (SELECT COUNT(*) FROM {EXCLUSION} e WHERE e.run_id = b.run_id AND e.outcome = 'error'
             AND e.subject_id BETWEEN b.first_key AND b.last_key) AS failed
          FROM {BATCH} b) counted
        WHERE items <> there OR done <> acted OR skipped <> left_alone OR errors <> failed""",
    "a finished batch does not add up": f"""
        SELECT id, items, done, skipped, errors FROM {BATCH} WHERE finished AND items <> done + skipped + errors""",
    "a run selected another number than its list and its batches hold": f"""
        SELECT * FROM (
          SELECT r.id, r.selected,
            (SELECT COUNT(*) FROM {ITEM} i WHERE i.run_id = r.id) AS listed,
            COALESCE((SELECT SUM(items) FROM {BATCH} b WHERE b.run_id = r.id), 0) AS in_batches
          FROM {RUN} r) sums WHERE selected <> listed OR selected <> in_batches""",
    "a run without a frozen list has items": f"""
        SELECT r.id FROM {RUN} r JOIN {ITEM} i ON i.run_id = r.id WHERE r.frozen_at IS NULL GROUP BY r.id""",
    "a completed run has an open batch, or none was frozen": f"""
        SELECT r.id FROM {RUN} r WHERE r.state = 'completed' AND (r.frozen_at IS NULL OR EXISTS
          (SELECT 1 FROM {BATCH} b WHERE b.run_id = r.id AND NOT b.finished))""",
    "two runs of one definition are open": f"""
        SELECT definition_id, COUNT(*) FROM {RUN} WHERE state IN ('in_progress', 'awaiting_approval', 'paused')
        GROUP BY definition_id HAVING COUNT(*) > 1""",
    "two runs have one slot": f"""
        SELECT definition_id, planned_at, COUNT(*) FROM {RUN} WHERE planned_at IS NOT NULL AND state <> 'cancelled'
        GROUP BY definition_id, planned_at HAVING COUNT(*) > 1""",
    "the audit tells not once of each start, list, batch and completion": f"""
        SELECT * FROM (
          SELECT r.id, r.state,
            (SELECT COUNT(*) FROM {AUDIT} e WHERE e.run_id = r.id AND e.action = 'run.start'
             AND e.after ->> 'definition' IS NOT NULL) AS starts,
            (SELECT COUNT(*) FROM {AUDIT} e WHERE e.run_id = r.id AND e.action = 'run.select') AS lists,
            (SELECT COUNT(*) FROM {AUDIT} e WHERE e.run_id = r.id
             AND e.action IN ('run.batch', 'run.item_failed')) AS batches,
            (SELECT COUNT(*) FROM {AUDIT} e WHERE e.run_id = r.id AND e.action = 'run.complete') AS completions,
            CASE WHEN r.started_at IS NULL THEN 0 ELSE 1 END AS started,
            CASE WHEN r.frozen_at IS NULL THEN 0 ELSE 1 END AS frozen,
            (SELECT COUNT(*) FROM {BATCH} b WHERE b.run_id = r.id AND b.finished) AS finished,
            CASE WHEN r.state = 'completed' THEN 1 ELSE 0 END AS completed
          FROM {RUN} r) told
        WHERE starts <> started OR lists <> frozen OR batches <> finished OR completions <> completed""",
    "an undo reversed what the run had not done": f"""
        SELECT u.id, a.subscription_id FROM {RUN} u JOIN {ACTION} a ON a.run_id = u.id
        WHERE u.undo_of_id IS NOT NULL AND NOT EXISTS
          (SELECT 1 FROM {ACTION} done WHERE done.run_id = u.undo_of_id
           AND done.subscription_id = a.subscription_id AND done.revision = a.revision - 1)""",
}

# A copy of any row with these columns changed must be refused.
GUARDS = {
    "a second action of a run on the same subscription": (
        ACTION,
        {"id": None, "revision": "revision + 1000"},
        "run_id IS NOT NULL",
    ),
    "a second action of the same revision": (ACTION, {"id": None, "run_id": "NULL"}, "run_id IS NOT NULL"),
    "a second item of the same subject": (ITEM, {}, "1 = 1"),
    "a second exclusion of the same subject": (EXCLUSION, {}, "1 = 1"),
    "a second open run of a definition": (
        RUN,
        {"id": None, "planned_at": "NULL"},
        "state IN ('in_progress', 'awaiting_approval', 'paused')",
    ),
    "a second run of the same slot": (RUN, {"id": None, "state": "'failed'"}, "planned_at IS NOT NULL"),
}


def judge(scene: Any) -> list[str]:
    """Everything that is wrong, one line each; empty when all is well."""
    with scene.connect() as connection:
        found = [
            f"{fault}: {row}" for fault, statement in FAULTS.items() for row in rows(connection, statement)
        ]
        found += [
            f"the database would take {guard}" for guard in GUARDS if not _is_refused(connection, guard)
        ]
    return found + [f"verify: {line}" for line in scene.do("verify")]


def rows(connection: Any, statement: str) -> list[tuple]:
    cursor = connection.cursor()
    cursor.execute(statement)
    return cursor.fetchall()


def _is_refused(connection: Any, guard: str) -> bool:
    """Also true where there is no row to copy."""
    table, changes, condition = GUARDS[guard]
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM {table} WHERE {condition} LIMIT 1")
    names = [column[0] for column in cursor.description if changes.get(column[0], "") is not None]
    if not cursor.fetchall():
        return True
    chosen = ", ".join(changes.get(name) or name for name in names)
    try:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {chosen} FROM {table} WHERE {condition} LIMIT 1"
        )
    except Exception as error:
        return type(error).__name__ in {"IntegrityError", "UniqueViolation"}
    finally:
        with suppress(Exception):
            connection.rollback()
    return False
