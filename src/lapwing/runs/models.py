"""Definitions, runs, their frozen lists and batches.

The list of a run is written once and never updated; what was not done stands in `RunExclusion`. An item is done
when its batch is done and no exclusion names it. Keys of the log tables are not enforced by the database (they
name subjects of any kind): `verify` checks them.
"""

from django.db import models
from django.db.models import Q

from lapwing.core.models import Logged
from lapwing.runs.states import OPEN, DefinitionState, RunState


class Definition(Logged):
    """What all versions share: name, code, kind, life cycle state and plan."""

    name = models.CharField(max_length=200, unique=True)
    alternative_code = models.CharField(max_length=50, unique=True)
    kind = models.CharField(max_length=64)
    life_cycle_state = models.CharField(
        max_length=16, choices=DefinitionState.choices, default=DefinitionState.EFFECTIVE
    )

    @property
    def unified_code(self) -> str:
        """Generated; the same for all versions."""
        return f"RD-{self.pk:06d}"


class DefinitionVersion(Logged):
    """The content of one version, as the validated definition file without name, code and kind."""

    definition = models.ForeignKey(Definition, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "version"], name="definition_version_once")
        ]


class Run(Logged):
    """One occurrence of a definition, or the undo of an earlier run."""

    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="runs")
    version = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="runs")
    undo_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    state = models.CharField(max_length=17, choices=RunState.choices, default=RunState.DRAFT)
    code = models.CharField(max_length=32, blank=True, default="")  # why paused, failed or cancelled
    description = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    planned_at = models.DateTimeField(null=True)  # the slot of the schedule; none when a person started it
    nominal_on = models.DateField()
    window_from = models.DateField()  # the earliest date merged into this run
    submitted_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    frozen_at = models.DateTimeField(null=True)
    quiet_waived_until = models.DateTimeField(null=True)  # a person started it inside a quiet time
    selected = models.BigIntegerField(default=0)
    list_hash = models.CharField(max_length=64, blank=True, default="")
    held_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    canary_passed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition"], name="one_open_run", condition=Q(state__in=OPEN)),
            models.UniqueConstraint(
                fields=["definition"], name="one_planned_run", condition=Q(state=RunState.DRAFT)
            ),
            models.UniqueConstraint(
                fields=["definition", "planned_at"],
                name="one_run_a_slot",
                condition=Q(planned_at__isnull=False) & ~Q(state=RunState.CANCELLED),
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
        ]


class RunItem(models.Model):
    """One subject of a run's frozen list."""

    pk = models.CompositePrimaryKey("run_id", "subject_id")
    run_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    owner_id = models.BigIntegerField()  # whose money is at stake
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    witness = models.BigIntegerField(default=0)  # what must still be so at the moment of action
    calendar = models.CharField(max_length=2, default="")  # country whose holidays hold it back
    evidence = models.TextField(default="")  # what the amount was made of, as `key:minor` words


class RunExclusion(models.Model):
    """An item that was not done, and why."""

    pk = models.CompositePrimaryKey("run_id", "subject_id")
    run_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    outcome = models.CharField(max_length=7)  # skipped, error
    code = models.CharField(max_length=32)
    description = models.TextField(default="")


class RunBatch(models.Model):
    """A stretch of the list that is carried out in one transaction.

    Whoever holds the row's lock carries it out; when he dies, the database takes the lock back and nothing is half
    done. A wave is what the canary or the throttle lets go at once: one or more batches.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="batches")
    wave = models.IntegerField()  # 0 is the canary
    calendar = models.CharField(max_length=2, default="")
    first_key = models.BigIntegerField()
    last_key = models.BigIntegerField()
    items = models.IntegerField()
    finished = models.BooleanField(default=False)
    done = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    errors = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    took_s = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished=False)
                | Q(items=models.F("done") + models.F("skipped") + models.F("errors")),
                name="finished_batch_adds_up",
            ),
            models.UniqueConstraint(
                fields=["run", "calendar", "first_key"], name="batches_do_not_start_together"
            ),
        ]
        indexes = [
            models.Index(fields=["run", "wave", "id"], name="batch_unfinished", condition=Q(finished=False))
        ]


class Scheduler(models.Model):
    """The scheduler as a whole (one row)."""

    stand_by = models.BooleanField(default=False)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_scheduler")]
