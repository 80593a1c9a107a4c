"""Moves ended jobs out of the way of those to come. Screens and lists read both tables."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q

from lapwing.core.sql import among, execute, insert_select, table
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import ArchivedJob, Job, JobColumns, Worker
from lapwing.jobs.states import BROKEN, ENDED, MET, NEEDS_PERSON, Status
from lapwing.jobs.types import job_types

KEEP_S = 24 * 3600.0
KEEP_BROKEN_S = 30 * 24 * 3600.0
AT_ONCE = 5_000
MOST_A_SWEEP = 20_000  # whoever sweeps has other work too
UNHEARD_S = 30 * 24 * 3600.0


def sweep(*, keep_s: float = KEEP_S, keep_broken_s: float = KEEP_BROKEN_S) -> int:
    """Archives what ended longer ago; what failed or was cancelled stays longer, what needs a person or holds
    others up stays. Returns how many were moved.
    """
    moved = 0
    while (some := _move(keep_s, keep_broken_s)) and moved < MOST_A_SWEEP:
        moved += some
    Worker.objects.filter(seen_at__lt=machine_now() - timedelta(seconds=UNHEARD_S)).delete()
    return moved


@transaction.atomic
def _move(keep_s: float, keep_broken_s: float) -> int:
    now = machine_now()
    well = Q(status__in=MET, finished_at__lt=now - timedelta(seconds=keep_s))
    badly = Q(status__in=BROKEN, has_followers=False, finished_at__lt=now - timedelta(seconds=keep_broken_s))
    badly &= ~Q(status=Status.FAILED, result_code=NEEDS_PERSON)
    badly &= ~Q(type__in=[each.name for each in job_types if each.keeps_broken])
    old = Job.objects.filter(well | badly, status__in=ENDED).order_by("pk")
    if connection.vendor == "postgresql":
        old = old.select_for_update(skip_locked=True)
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    if not ids:
        return 0
    chosen = Job.objects.filter(pk__in=ids)
    names = [field.attname for field in JobColumns._meta.get_fields()]
    moved = insert_select(ArchivedJob, {name: name for name in ["id", *names]}, chosen)
    these, keys = among(ids)
    deleted = execute(f"DELETE FROM {table(Job)} WHERE id {these}", keys)
    if moved != deleted:
        raise RuntimeError(f"{moved} jobs copied to the archive, {deleted} deleted")
    return moved
