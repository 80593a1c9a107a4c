"""What a run left behind, as counts and hashes that do not depend on how it was done or on which database."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from benchmarks.engines import Hand

ITEMS = """
    SELECT subject_id, owner_id, amount_minor, currency, witness, evidence FROM runs_runitem WHERE run_id = :run
    ORDER BY subject_id
"""
EXCLUSIONS = "SELECT subject_id, outcome, code FROM runs_runexclusion WHERE run_id = :run ORDER BY subject_id"
CODES = "SELECT code, COUNT(*) FROM runs_runexclusion WHERE run_id = :run GROUP BY code ORDER BY code"
ACTIONS = """
    SELECT subscription_id, revision, behaviour, state, from_state, to_state, grace_start_on, grace_end_on, quantity,
           reason_code, reason, requested_by FROM subscriptions_subscriptionaction WHERE run_id = :run
    ORDER BY subscription_id
"""
STATES = """
    SELECT id, life_cycle_state, revision, CASE WHEN grace_open THEN 1 ELSE 0 END, updated_by
    FROM subscriptions_subscription ORDER BY id
"""
BATCHES = """
    SELECT first_key, last_key, items, done, skipped, errors FROM runs_runbatch WHERE run_id = :run ORDER BY first_key
"""
PROOFS = "SELECT after FROM audit_auditentry WHERE run_id = :run AND action = 'run.batch' ORDER BY id"


def frozen(hand: Hand, run: int) -> dict[str, Any]:
    """The list alone."""
    return _counted("items", (_sorted_words(row) for row in _rows(hand, ITEMS, run)))


def result(hand: Hand, run: int) -> dict[str, Any]:
    """List, exclusions by code, actions, states and, batch by batch, counts and the hash the audit keeps."""
    found = frozen(hand, run)
    found |= _counted("exclusions", _rows(hand, EXCLUSIONS, run))
    found["codes"] = {code: count for code, count in _rows(hand, CODES, run)}
    found |= _counted("actions", _rows(hand, ACTIONS, run))
    found |= _counted("states", hand.run(STATES))
    found |= _counted("batches", _rows(hand, BATCHES, run))
    found["proofs"] = [_json(after)["sha256"] for (after,) in _rows(hand, PROOFS, run)]
    return found


def differences(ours: dict[str, Any], theirs: dict[str, Any], *, without: tuple[str, ...] = ()) -> list[str]:
    return [name for name in ours if name not in without and ours[name] != theirs.get(name)]


def _rows(hand: Hand, statement: str, run: int) -> Any:
    return hand.run(statement, {"run": run})


def _counted(name: str, rows: Iterable[tuple]) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    for row in rows:
        digest.update("|".join(map(_text, row)).encode() + b"\n")
        count += 1
    return {name: count, f"{name}_sha256": digest.hexdigest()}


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, Decimal | bool) else str(value)


def _sorted_words(row: tuple) -> tuple:
    """The evidence has no certain order."""
    return (*row[:-1], " ".join(sorted(row[-1].split())))


def _json(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value
