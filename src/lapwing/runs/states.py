"""The life of a run, and of a definition, as tables."""

from django.db.models import TextChoices

from lapwing.core.states import StateMachine


class RunState(TextChoices):
    DRAFT = "draft"  # planned, not yet executed
    IN_PROGRESS = "in_progress"
    AWAITING_APPROVAL = "awaiting_approval"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (RunState.IN_PROGRESS, RunState.AWAITING_APPROVAL, RunState.PAUSED)
ENDED = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED)

RUN = StateMachine(
    "run",
    {
        (RunState.DRAFT, "start"): RunState.IN_PROGRESS,
        (RunState.DRAFT, "cancel"): RunState.CANCELLED,
        (RunState.IN_PROGRESS, "hold"): RunState.AWAITING_APPROVAL,
        (RunState.IN_PROGRESS, "pause"): RunState.PAUSED,
        (RunState.IN_PROGRESS, "complete"): RunState.COMPLETED,
        (RunState.IN_PROGRESS, "fail"): RunState.FAILED,
        (RunState.IN_PROGRESS, "cancel"): RunState.CANCELLED,
        (RunState.AWAITING_APPROVAL, "approve"): RunState.IN_PROGRESS,
        (RunState.AWAITING_APPROVAL, "cancel"): RunState.CANCELLED,
        (RunState.PAUSED, "approve"): RunState.IN_PROGRESS,
        (RunState.PAUSED, "resume"): RunState.IN_PROGRESS,
        (RunState.PAUSED, "cancel"): RunState.CANCELLED,
        (RunState.FAILED, "resume"): RunState.IN_PROGRESS,
    },
)


class DefinitionState(TextChoices):
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"
