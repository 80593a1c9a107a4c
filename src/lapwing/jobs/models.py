"""The ledger: one row a job, one row a finished attempt, and who waits for whom.

The partial indexes follow the rows that matter: ready, live, and keys in use. Ended rows move to the archive, which
has the same columns. Times called machine time are the database's; `scheduled_for` is business time while a job is
waiting and machine time while it is in retry.
"""

from django.db import models
from django.db.models import Q

from lapwing.core.models import Logged
from lapwing.jobs.states import LIVE, NEEDS_PERSON, OPEN, READY, Status

KEY_HELD = ~Q(deduplication_key="") & (Q(status__in=OPEN) | Q(status=Status.FAILED, result_code=NEEDS_PERSON))

HAS_A_CODE = ~Q(result_code="")  # the usual success has none, and costs this index nothing


class JobColumns(models.Model):
    """What a job is, where it stands and how it ended."""

    type = models.CharField(max_length=64)
    pool = models.CharField(max_length=8)  # which part of a worker takes it: database, outside, run, alone
    lane = models.CharField(max_length=100, blank=True, default="")  # what it is limited with: a connector
    priority = models.SmallIntegerField(default=50)
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.WAITING)
    attempt = models.IntegerField(default=0)  # number of the last attempt that began
    tries = models.SmallIntegerField(default=0)  # attempts of this series that failed; six end it
    deaths = models.SmallIntegerField(default=0)  # workers that died while they held it
    doubtful = models.BooleanField(default=False)  # an attempt may have had its effect; ask before repeating
    scheduled_for = models.DateTimeField()
    blockers = models.SmallIntegerField(default=0)  # predecessors still to come
    has_followers = models.BooleanField(default=False)
    parameters = models.JSONField(default=dict)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=100, blank=True, default="")
    deduplication_key = models.CharField(max_length=200, blank=True, default="")
    lease_token = models.CharField(max_length=22, blank=True, default="")
    lease_until = models.DateTimeField(null=True)  # machine time
    cancel_asked_by = models.CharField(max_length=150, blank=True, default="")
    dispatched_at = models.DateTimeField(null=True)  # machine time, as the next two
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result_code = models.CharField(max_length=64, blank=True, default="")
    result = models.TextField(blank=True, default="")
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Job(JobColumns):
    """One piece of work for one subject."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="job_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=LIVE) | Q(lease_until__isnull=False), name="live_job_has_a_lease"
            ),
            models.UniqueConstraint(
                fields=["type", "deduplication_key"], name="one_job_a_key", condition=KEY_HELD
            ),
        ]
        indexes = [
            models.Index(
                fields=["pool", "priority", "scheduled_for", "id"],
                name="job_ready",
                condition=Q(status__in=READY, blockers=0),
            ),
            models.Index(fields=["lease_until"], name="job_live", condition=Q(status__in=LIVE)),
            models.Index(fields=["subject", "id"], name="job_subject"),
            models.Index(fields=["type", "status", "id"], name="job_list"),
            models.Index(fields=["result_code", "id"], name="job_code", condition=HAS_A_CODE),
            models.Index(
                fields=["type", "result_code", "id"], name="job_failed", condition=Q(status=Status.FAILED)
            ),
        ]


class ArchivedJob(JobColumns):
    """An ended job that was moved out of the way; its attempts stay where they are."""

    id = models.BigIntegerField(primary_key=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="archived_job_subject"),
            models.Index(fields=["type", "status", "id"], name="archived_job_list"),
            models.Index(fields=["result_code", "id"], name="archived_job_code", condition=HAS_A_CODE),
        ]


class JobAttempt(models.Model):
    """One finished attempt; append-only. Written in the transaction that ends it."""

    pk = models.CompositePrimaryKey("job_id", "number")
    job_id = models.BigIntegerField()
    number = models.IntegerField()
    worker = models.CharField(max_length=22)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=14)  # a status, or: later, given_back, lost
    code = models.CharField(max_length=64, blank=True, default="")
    error = models.TextField(blank=True, default="")


class JobLink(models.Model):
    """`job` waits until `predecessor` has succeeded or was not applicable or, `at_any_end`, has ended at all."""

    pk = models.CompositePrimaryKey("predecessor_id", "job_id")
    predecessor_id = models.BigIntegerField()
    job_id = models.BigIntegerField(db_index=True)
    at_any_end = models.BooleanField(default=False)
    met = models.BooleanField(default=False)


class JobLimit(Logged):
    """What one type, or one lane, may do at once and in a time; a row exists only where somebody set it."""

    SCOPES = ("type", "lane")

    scope = models.CharField(max_length=4, choices=[(scope, scope) for scope in SCOPES])
    name = models.CharField(max_length=100)
    paused = models.BooleanField(default=False)
    concurrency = models.PositiveIntegerField(null=True)
    rate = models.PositiveIntegerField(null=True)  # starts in `per_s`
    per_s = models.PositiveIntegerField(default=1)  # seconds
    free_at = models.DateTimeField(null=True)  # machine time from which the next may start

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="one_limit_a_name")]


class Worker(models.Model):
    """A process that takes jobs, as long as it is heard of."""

    token = models.CharField(max_length=22, primary_key=True)
    name = models.CharField(max_length=200)  # host and process
    engine = models.CharField(max_length=10)
    started_at = models.DateTimeField()  # machine time
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # signed off; kept for the names in attempts
