"""What must be so of runs: lists, batches, exclusions and proofs agree, also with what was really done."""

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef, Sum

from lapwing.audit.models import AuditEntry
from lapwing.core.invariants import invariant
from lapwing.runs.batches import proof_hash
from lapwing.runs.freeze import list_hash
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run, RunBatch, RunExclusion, RunItem
from lapwing.runs.outcomes import in_finished_batch
from lapwing.runs.states import RunState


@invariant("a frozen list has as many items as were selected and as its batches hold")
def lists_are_whole() -> Iterator[str]:
    items = dict(RunItem.objects.order_by().values_list("run_id").annotate(Count("subject_id")))
    batches = dict(RunBatch.objects.order_by().values_list("run").annotate(Sum("items")))
    for run_id, selected in Run.objects.values_list("pk", "selected").iterator():
        found = {selected, items.pop(run_id, 0), batches.get(run_id, 0)}
        if len(found) > 1:
            yield f"run {run_id}: selected {selected}, items and batches differ: {sorted(found)}"
    for run_id in items:
        yield f"items of run {run_id}, which does not exist"


@invariant("the exclusions of a run are what its finished batches counted, and name items of its list")
def exclusions_agree_with_batches() -> Iterator[str]:
    counted = (
        RunBatch.objects.filter(finished=True)
        .order_by()
        .values_list("run")
        .annotate(Sum("skipped"), Sum("errors"))
    )
    kept: dict[tuple[int, str], int] = {
        (run_id, outcome): count
        for run_id, outcome, count in RunExclusion.objects.order_by()
        .values_list("run_id", "outcome")
        .annotate(Count("subject_id"))
    }
    for run_id, skipped, errors in counted:
        found = (kept.pop((run_id, "skipped"), 0), kept.pop((run_id, "error"), 0))
        if found != (skipped, errors):
            yield f"run {run_id}: batches counted {skipped} skipped, {errors} errors; exclusions are {found}"
    for (run_id, outcome), count in kept.items():
        yield f"run {run_id} has {count} exclusions ({outcome}) but no finished batch"
    item = RunItem.objects.filter(run_id=OuterRef("run_id"), subject_id=OuterRef("subject_id")).filter(
        in_finished_batch()
    )
    for stray in RunExclusion.objects.filter(~Exists(item)).iterator():
        yield f"run {stray.run_id} excluded subject {stray.subject_id}, which is in none of its finished batches"


@invariant("a completed run has no unfinished batch")
def completed_runs_are_done() -> Iterator[str]:
    unfinished = RunBatch.objects.filter(run=OuterRef("pk"), finished=False)
    for run in Run.objects.filter(Exists(unfinished), state=RunState.COMPLETED):
        yield f"run {run.pk} is completed although a batch is not finished"


@invariant("the rows of each batch are those whose hash its audit entry keeps")
def batches_prove_their_rows() -> Iterator[str]:
    proved: dict[int, int] = {}
    for entry in AuditEntry.objects.filter(action="run.batch").order_by("pk").iterator():
        run = Run.objects.select_related("definition").filter(pk=entry.run_id).first()
        said = entry.after
        if not {"first", "last", "done", "sha256"} <= said.keys():
            yield f"audit entry {entry.pk} of run {entry.run_id} does not say what the batch did"
            continue
        if run is None:
            yield f"audit entry {entry.pk} tells of run {entry.run_id}, which does not exist"
            continue
        proved[run.pk] = proved.get(run.pk, 0) + said["done"]
        proof = kinds.get(run.definition.kind).proof(
            run.pk, said["first"], said["last"], said.get("calendar")
        )
        if proof_hash(proof) != said["sha256"]:
            yield f"run {run.pk}: the actions on subjects {said['first']} to {said['last']} are not those it recorded"
    totals = RunBatch.objects.filter(finished=True).order_by().values_list("run").annotate(done=Sum("done"))
    for run_id, done in totals:
        if done != proved.get(run_id, 0):
            yield f"run {run_id}: batches did {done}, the audit proves {proved.get(run_id, 0)}"


@invariant("an approved run carried out the list it was approved for")
def approvals_fit_their_lists() -> Iterator[str]:
    for run in Run.objects.exclude(approved_by="").iterator():
        if list_hash(run.pk) != run.list_hash:
            yield f"run {run.pk}: its list is not the one {run.approved_by} approved"
