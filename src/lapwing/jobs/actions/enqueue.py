"""Asks for a job, in the transaction of the change that calls for it; a rollback leaves none."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.sql import insert_select_new, text
from lapwing.jobs.links import follow
from lapwing.jobs.models import KEY_HELD, Job
from lapwing.jobs.types import PRIORITIES, job_types
from lapwing.jobs.waking import wake_after_commit

INSERTS_AT_MOST = 5


class OutsideTransaction(RuntimeError):
    """A job must be written by the transaction that wants it."""


def enqueue(
    type_name: str,
    *,
    subject_kind: str,
    subject_id: int | None,
    subject: str = "",
    parameters: Mapping[str, Any] | None = None,
    key: str = "",
    lane: str = "",
    scheduled_for: datetime | None = None,
    after: Collection[int] = (),
    at_any_end: bool = False,
    priority: int | None = None,
) -> Job:
    """Writes a job, or returns the one that holds its key. `after` are jobs that it waits for: until they have
    succeeded or were not applicable, or, `at_any_end`, have ended at all. Raises Refused `unknown_job_type`.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"{type_name} for {subject_kind} {subject} was asked for outside a transaction"
        )
    job_type = job_types.get(type_name)
    if priority not in (None, *PRIORITIES):
        raise ValueError(f"{type_name} was asked for with priority {priority}; there are {PRIORITIES}")
    checked = job_type.Parameters(**(parameters or {})).model_dump(mode="json")
    if key and (found := holder_of(type_name, key)):
        return found
    job = Job(
        type=type_name,
        pool=job_type.pool,
        lane=lane,
        priority=job_type.priority if priority is None else priority,
        scheduled_for=scheduled_for or clock.now(),
        parameters=checked,
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject=subject,
        deduplication_key=key,
        requested_by=actor(),
        created_at=clock.now(),
    )
    if found := _save(job):
        return found
    if after:
        follow(job, after, at_any_end=at_any_end)
    wake_after_commit()
    return job


def _save(job: Job) -> Job | None:
    """Writes the row; returns the one that took its key in the same moment instead."""
    if not job.deduplication_key:
        job.save(force_insert=True)
        return None
    for left in range(INSERTS_AT_MOST, 0, -1):
        try:
            with transaction.atomic():
                job.save(force_insert=True)
            return None
        except IntegrityError:
            if found := holder_of(job.type, job.deduplication_key):
                return found
            if left == 1:  # it was not the key, or one that ends as soon as it is looked for
                raise
    return None


def holder_of(type_name: str, key: str) -> Job | None:
    """The job that holds a key: an open one, or a failed one that needs a person."""
    return Job.objects.filter(KEY_HELD, type=type_name, deduplication_key=key).first()


def enqueue_from(type_name: str, source: Any, columns: Mapping[str, Any]) -> int:
    """One job for each row of a queryset, in one statement; those whose key is held are left out. Returns how many.

    `columns` maps columns of Job to names or expressions of `source`; `subject_kind`, `subject_id`, `subject` and
    `parameters` must be among them.
    """
    job_type = job_types.get(type_name)
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"{type_name} was asked for outside a transaction")
    now = clock.now()
    written = insert_select_new(
        Job,
        {
            "type": text(type_name),
            "pool": text(job_type.pool),
            "lane": text(""),
            "priority": job_type.priority,
            "status": text("waiting"),
            "attempt": 0,
            "tries": 0,
            "deaths": 0,
            "scheduled_for": now,
            "doubtful": False,
            "blockers": 0,
            "has_followers": False,
            "deduplication_key": text(""),
            "lease_token": text(""),
            "cancel_asked_by": text(""),
            "result_code": text(""),
            "result": text(""),
            "requested_by": text(actor()),
            "created_at": now,
            **columns,
        },
        source,
    )
    if written:
        wake_after_commit()
    return written
