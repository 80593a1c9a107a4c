"""Reads of the audit: newest first, by who, what, about what and when; one entry with what it changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lapwing.audit.models import AuditChain, AuditEntry, AuditProof
from lapwing.core.errors import Refused
from lapwing.core.sql import rows, table

AT_THE_SAME_MOMENT = 1_000  # numbers by which two writers may be out of the order of time
CHOICES_AT_MOST = 300


def newest_entries(
    *,
    actor: str = "",
    action: str = "",
    kind: str = "",
    subject: str = "",
    run: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    limit: int,
) -> list[AuditEntry]:
    """`subject` is the number as people know it; `since` and `until` bound when it was recorded; `below` is the
    last number of the page before.
    """
    wanted = {"actor": actor, "action": action, "subject_kind": kind, "subject": subject, "run_id": run}
    found = AuditEntry.objects.filter(**{name: value for name, value in wanted.items() if value})
    if since:
        found = found.filter(recorded_at__gte=since, pk__gte=_first_since(since) - AT_THE_SAME_MOMENT)
    if until:
        found = found.filter(recorded_at__lt=until, pk__lt=_first_since(until) + AT_THE_SAME_MOMENT)
    if below is not None:
        found = found.filter(pk__lt=below)
    return list(found.order_by("-pk")[:limit])


def _first_since(instant: datetime) -> int:
    """Numbers follow time, so a bound in time is one in numbers, along which every list is read."""
    first = AuditEntry.objects.filter(recorded_at__gte=instant).order_by("recorded_at", "pk")
    number = first.values_list("pk", flat=True).first()
    return number if number is not None else (newest_number() + 1)


def newest_number() -> int:
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def entry_numbered(number: int) -> AuditEntry:
    """Raises Refused `unknown_audit_entry`."""
    found = AuditEntry.objects.filter(pk=number).first()
    if found is None:
        raise Refused("unknown_audit_entry", f"there is no audit entry {number}")
    return found


@dataclass(frozen=True)
class Change:
    field: str
    before: Any
    after: Any

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def changes_of(entry: AuditEntry) -> list[Change]:
    """Field by field; those that changed come first."""
    names = dict.fromkeys([*entry.before, *entry.after])
    found = [Change(name, entry.before.get(name), entry.after.get(name)) for name in names]
    return sorted(found, key=lambda change: not change.is_changed)


def known(column: str) -> list[str]:
    """The values that actions, kinds or actors have, found by leaping along the index: never a walk over all."""
    if column not in {"actor", "action", "subject_kind"}:
        raise ValueError(column)
    entries = table(AuditEntry)
    statement = f"""WITH RECURSIVE leap(value, leaps) AS (
        SELECT (SELECT min({column}) FROM {entries}), 1
        UNION ALL
        SELECT (SELECT min({column}) FROM {entries} WHERE {column} > leap.value), leaps + 1
        FROM leap WHERE leap.value IS NOT NULL AND leaps < {CHOICES_AT_MOST}
    ) SELECT value FROM leap WHERE value IS NOT NULL"""
    return [value for (value,) in rows(statement)]


@dataclass(frozen=True)
class ChainState:
    """How long the chain is, and how far it was proved."""

    length: int
    proof: AuditProof | None


def chain_state() -> ChainState:
    head = AuditChain.objects.filter(pk=1).first()
    return ChainState(head.position if head else 0, AuditProof.objects.filter(pk=1).first())
