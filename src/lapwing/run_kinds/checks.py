"""What must be so between runs and what they did: counts of actions, and no action of an unknown run."""

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef, Sum

from lapwing.core.invariants import invariant
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run, RunBatch, RunExclusion, RunItem
from lapwing.subscriptions.models import SubscriptionAction


@invariant("a run has exactly as many executed actions as its finished batches did")
def actions_agree_with_batches() -> Iterator[str]:
    acted = dict(
        SubscriptionAction.objects.filter(run_id__isnull=False, state="executed")
        .order_by()
        .values_list("run_id")
        .annotate(Count("pk"))
    )
    acting = [kind.name for kind in kinds if kind.leaves_actions]
    finished = RunBatch.objects.filter(finished=True, run__definition__kind__in=acting)
    done = dict(finished.order_by().values_list("run").annotate(Sum("done")))
    for run_id in sorted(acted.keys() | done.keys()):
        if acted.get(run_id, 0) != done.get(run_id, 0):
            yield f"run {run_id}: {acted.get(run_id, 0)} actions, its batches did {done.get(run_id, 0)}"
    item = RunItem.objects.filter(run_id=OuterRef("run_id"), subject_id=OuterRef("subscription"))
    excluded = RunExclusion.objects.filter(run_id=OuterRef("run_id"), subject_id=OuterRef("subscription"))
    by_runs = SubscriptionAction.objects.filter(run_id__isnull=False, scheduled_on__isnull=True)
    for action in by_runs.filter(~Exists(item) | Exists(excluded)).iterator():
        subject = f"subscription key {action.subscription_id}"
        yield f"run {action.run_id} acted on {subject}, which is not on its list or was excluded"
    for run_id in sorted(acted.keys() - set(Run.objects.filter(pk__in=acted).values_list("pk", flat=True))):
        yield f"actions name run {run_id}, which does not exist"
