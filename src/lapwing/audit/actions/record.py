"""Writes one entry in the transaction of the action it tells of."""

from datetime import UTC, datetime
from typing import Any

from lapwing.audit.models import AuditEntry
from lapwing.core import clock
from lapwing.core.context import actor


def record(
    action: str,
    *,
    kind: str,
    subject_id: int | None,
    subject: str = "",
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    run_id: int | None = None,
) -> None:
    """`before` and `after` hold what JSON can: numbers, texts, booleans, ISO dates."""
    AuditEntry.objects.create(
        at=clock.now(),
        recorded_at=datetime.now(UTC),
        actor=actor(),
        action=action,
        subject_kind=kind,
        subject_id=subject_id,
        subject=subject,
        reason=reason,
        before=before or {},
        after=after or {},
        run_id=run_id,
    )
