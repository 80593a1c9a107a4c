"""One entry an action. The database refuses to change or delete a row; only the sealer fills the seal, once."""

from django.db import models


class AuditEntry(models.Model):
    """Who did what to which subject, when, why, with the state before and after.

    A batch of a run is one entry: `after` then names the first and last subject, the number of rows and the hash
    over the rows it stands for.
    """

    at = models.DateTimeField()  # business time
    recorded_at = models.DateTimeField()  # machine time
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=200, blank=True, default="")  # its number, as people know it
    run_id = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    seal_position = models.BigIntegerField(null=True, unique=True)
    seal_hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="audit_by_subject"),
            # The lists: newest first by who, what, about what; the bounds in time.
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["actor", "action", "id"], name="audit_by_actor_action"),
            models.Index(fields=["subject", "id"], name="audit_by_number"),
            models.Index(fields=["subject_kind", "id"], name="audit_by_kind"),
            models.Index(fields=["recorded_at", "id"], name="audit_by_time"),
            models.Index(
                fields=["id"], name="audit_unsealed", condition=models.Q(seal_position__isnull=True)
            ),
            models.Index(fields=["run_id"], name="audit_by_run", condition=models.Q(run_id__isnull=False)),
        ]


class AuditChain(models.Model):
    """The head of the chain (one row): what the next entry is sealed onto."""

    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_chain")]


class AuditProof(models.Model):
    """How far the chain was proved the last time somebody asked (one row)."""

    class State(models.TextChoices):
        PROVING = "proving"
        WHOLE = "whole"
        BROKEN = "broken"

    state = models.CharField(max_length=8, choices=State.choices, blank=True, default="")
    position = models.BigIntegerField(default=0)  # proved up to and with it
    hash = models.CharField(max_length=64, default="0" * 64)
    until = models.BigIntegerField(default=0)  # the chain's length
    fault = models.TextField(blank=True, default="")  # the first break, in words
    begun_at = models.DateTimeField(null=True)  # business time
    begun_by = models.CharField(max_length=150, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_proof")]
