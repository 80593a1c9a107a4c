"""The life of a job as a table: (status, event) -> status."""

from django.db.models import TextChoices

from lapwing.core.states import StateMachine


class Status(TextChoices):
    WAITING = "waiting"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    RETRY = "retry"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    NOT_APPLICABLE = "not_applicable"
    CANCELLED = "cancelled"


READY = (Status.WAITING, Status.RETRY)  # to be claimed once its time has come
LIVE = (Status.DISPATCHED, Status.IN_PROGRESS)  # held under a lease
OPEN = (*READY, *LIVE)
MET = (Status.SUCCEEDED, Status.NOT_APPLICABLE)  # what those that come after it wait for
BROKEN = (Status.FAILED, Status.CANCELLED)
ENDED = (*MET, *BROKEN)

NEEDS_PERSON = "needs_person"  # code of a failed job whose effect nobody could find out; it keeps its key
OUTCOME_UNKNOWN = "outcome_unknown"
DID_HAPPEN, DID_NOT_HAPPEN = (
    "did_happen",
    "did_not_happen",
)  # what a person says of it: events, and codes after them

JOB = StateMachine(
    "job",
    {
        (Status.WAITING, "dispatch"): Status.DISPATCHED,
        (Status.WAITING, "begin"): Status.IN_PROGRESS,
        (Status.WAITING, "cancel"): Status.CANCELLED,
        (Status.WAITING, "run_now"): Status.WAITING,
        (Status.DISPATCHED, "begin"): Status.IN_PROGRESS,
        (Status.DISPATCHED, "cancel"): Status.CANCELLED,
        (Status.DISPATCHED, "give_back"): Status.WAITING,
        (Status.IN_PROGRESS, "succeed"): Status.SUCCEEDED,
        (Status.IN_PROGRESS, "not_apply"): Status.NOT_APPLICABLE,
        (Status.IN_PROGRESS, "retry"): Status.RETRY,
        (Status.IN_PROGRESS, "fail"): Status.FAILED,
        (Status.IN_PROGRESS, "cancel"): Status.CANCELLED,
        (Status.IN_PROGRESS, "postpone"): Status.WAITING,
        (Status.IN_PROGRESS, "give_back"): Status.WAITING,
        (Status.RETRY, "dispatch"): Status.DISPATCHED,
        (Status.RETRY, "begin"): Status.IN_PROGRESS,
        (Status.RETRY, "cancel"): Status.CANCELLED,
        (Status.RETRY, "run_now"): Status.RETRY,
        (Status.FAILED, "run_now"): Status.WAITING,
        (Status.FAILED, "cancel"): Status.CANCELLED,
        (Status.FAILED, DID_HAPPEN): Status.SUCCEEDED,
        (Status.FAILED, DID_NOT_HAPPEN): Status.FAILED,
        (Status.CANCELLED, "run_now"): Status.WAITING,
    },
)
