"""The hash of an entry, pure: what it says, bound to the entry before it."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

FIELDS = (
    "id", "at", "recorded_at", "actor", "action", "subject_kind", "subject_id", "subject", "run_id", "reason",
    "before", "after",
)  # fmt: skip


def entry_hash(previous: str, position: int, entry: dict[str, Any]) -> str:
    """SHA-256 over the previous hash, the position and the entry's fields as canonical JSON."""
    said = json.dumps(
        [previous, position, *(_plain(entry[name]) for name in FIELDS)],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(said.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
