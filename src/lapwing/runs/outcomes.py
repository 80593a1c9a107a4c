"""What became of a run's items: an item is done when its batch is finished and no exclusion names it."""

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)

from lapwing.runs.models import Run, RunBatch, RunExclusion, RunItem


def in_finished_batch(**conditions: Any) -> Exists:
    """The item lies in the stretch of a finished batch of its run."""
    batches = RunBatch.objects.filter(
        run_id=OuterRef("run_id"),
        calendar=OuterRef("calendar"),
        finished=True,
        first_key__lte=OuterRef("subject_id"),
        last_key__gte=OuterRef("subject_id"),
        **conditions,
    )
    return Exists(batches)


def with_outcome(items: QuerySet[RunItem]) -> QuerySet[RunItem]:
    """Annotates `outcome`, `code` and `description`."""
    excluded = RunExclusion.objects.filter(run_id=OuterRef("run_id"), subject_id=OuterRef("subject_id"))
    return items.annotate(
        excluded=Subquery(excluded.values("outcome")),
        outcome=Case(
            When(excluded__isnull=False, then=Subquery(excluded.values("outcome"))),
            When(in_finished_batch(), then=Value("done")),
            default=Value("pending"),
            output_field=CharField(),
        ),
        code=Subquery(excluded.values("code")),
        description=Subquery(excluded.values("description")),
    )


def done_items(runs: QuerySet[Run], **batch_conditions: Any) -> QuerySet[RunItem]:
    """Items that were done by any of the runs."""
    excluded = RunExclusion.objects.filter(run_id=OuterRef("run_id"), subject_id=OuterRef("subject_id"))
    return RunItem.objects.filter(
        in_finished_batch(**batch_conditions), ~Exists(excluded), run_id__in=runs.values("pk")
    )


def pending_items(run: Run) -> QuerySet[RunItem]:
    """Items that no batch has looked at yet; before the first batch, without asking for each of them."""
    listed = RunItem.objects.filter(run_id=run.pk)
    return listed.filter(~in_finished_batch()) if run.batches.filter(finished=True).exists() else listed


def done_items_since(definition_id: int, since: datetime) -> QuerySet[RunItem]:
    """Items that a definition did after an instant and that no undo has reversed."""
    runs = Run.objects.filter(definition=definition_id, undo_of__isnull=True)
    recent = runs.filter(batches__finished_at__gt=since).distinct()
    done = done_items(recent, finished_at__gt=since)
    undos = Run.objects.filter(undo_of__in=recent.values("pk"))
    if not undos.exists():
        return done
    reversed_by = undos.filter(undo_of_id=OuterRef(OuterRef("run_id"))).values("pk")
    undone = done_items(undos).filter(subject_id=OuterRef("subject_id"), run_id__in=reversed_by)
    return done.filter(~Exists(undone))


def counts(run: Run) -> dict[str, int]:
    """selected = done + skipped + errors + pending."""
    sums = run.batches.filter(finished=True).aggregate(
        done=Sum("done", default=0), skipped=Sum("skipped", default=0), errors=Sum("errors", default=0)
    )
    return {"selected": run.selected, **sums, "pending": run.selected - sum(sums.values())}
