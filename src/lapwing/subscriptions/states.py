"""The life cycle of a subscription: which behaviour leads from where to where."""

from django.db.models import TextChoices

from lapwing.catalog.behaviours import Behaviour
from lapwing.core.states import StateMachine


class State(TextChoices):
    DRAFT = "draft"
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"
    SHORT_TERM_EFFECTIVE = "short_term_effective"
    SHORT_TERM_NOT_EFFECTIVE = "short_term_not_effective"
    RESTING = "resting"
    CANCELLED = "cancelled"
    REGRETTED = "regretted"
    REPLACED = "replaced"


FINAL = (State.CANCELLED, State.REGRETTED, State.REPLACED)
LIVE = tuple(state for state in State if state not in FINAL)
# States that no run of masses leads to: few are in them, and an index of actions finds those.
RARE = [str(state) for state in State if state not in (State.EFFECTIVE, State.NOT_EFFECTIVE)]
SERVICES_ON = (State.EFFECTIVE, State.SHORT_TERM_EFFECTIVE)

_MOVES: dict[Behaviour, tuple[tuple[State, ...], State]] = {
    Behaviour.ACTIVATE: ((State.DRAFT, State.NOT_EFFECTIVE), State.EFFECTIVE),
    Behaviour.DEACTIVATE: (
        (State.EFFECTIVE, State.RESTING, State.SHORT_TERM_NOT_EFFECTIVE),
        State.NOT_EFFECTIVE,
    ),
    Behaviour.EXTEND_GRACE: ((State.DRAFT, State.EFFECTIVE, State.NOT_EFFECTIVE), State.EFFECTIVE),
    Behaviour.REST: ((State.EFFECTIVE,), State.RESTING),
    Behaviour.END_RESTING: ((State.RESTING,), State.EFFECTIVE),
    Behaviour.SHORT_TERM_DEACTIVATE: ((State.EFFECTIVE,), State.SHORT_TERM_NOT_EFFECTIVE),
    Behaviour.END_SHORT_TERM_DEACTIVATION: ((State.SHORT_TERM_NOT_EFFECTIVE,), State.EFFECTIVE),
    Behaviour.SHORT_TERM_ACTIVATE: ((State.DRAFT, State.NOT_EFFECTIVE), State.SHORT_TERM_EFFECTIVE),
    Behaviour.END_SHORT_TERM_ACTIVATION: ((State.SHORT_TERM_EFFECTIVE,), State.NOT_EFFECTIVE),
    Behaviour.CANCEL: (LIVE, State.CANCELLED),
    Behaviour.REGRET: (LIVE, State.REGRETTED),
    Behaviour.REPLACE: (LIVE, State.REPLACED),
}
_AMENDMENTS = (
    Behaviour.AMEND_BILLING_TERM,
    Behaviour.CHANGE_QUANTITY,
    Behaviour.SWAP_PRODUCT,
    Behaviour.CHANGE_ACCOUNT,
)

SUBSCRIPTION = StateMachine(
    "subscription",
    {
        **{(source, event): to for event, (sources, to) in _MOVES.items() for source in sources},
        **{(state, event): state for event in _AMENDMENTS for state in LIVE},
    },
)

NEEDS_UNTIL = (
    Behaviour.EXTEND_GRACE,
    Behaviour.REST,
    Behaviour.SHORT_TERM_DEACTIVATE,
    Behaviour.SHORT_TERM_ACTIVATE,
)
NEEDS_TO = _AMENDMENTS
CLOSES_GRACE = (
    Behaviour.DEACTIVATE,
    Behaviour.REST,
    Behaviour.CANCEL,
    Behaviour.REGRET,
    Behaviour.REPLACE,
)

ACTION = StateMachine(
    "action",
    {
        ("scheduled", "execute"): "executed",
        ("scheduled", "reject"): "rejected",
        ("scheduled", "cancel"): "cancelled",
    },
)
ACTION_STATES = ("scheduled", "executed", "rejected", "cancelled")

SCHEDULED_CHANGE = StateMachine(
    "scheduled change",
    {
        ("pending", "merge"): "merged",
        ("pending", "fail"): "merge_failed",
        ("pending", "cancel"): "cancelled",
        ("merge_failed", "retry"): "pending",
    },
)
