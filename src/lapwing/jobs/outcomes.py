"""How an attempt ends: what a handler returns, or raises."""

from dataclasses import dataclass
from datetime import datetime

from lapwing.core.errors import Refused
from lapwing.jobs.states import OUTCOME_UNKNOWN


@dataclass(frozen=True)
class Succeeded:
    """Done. `text` stands under Job results."""

    text: str = ""
    code: str = ""


@dataclass(frozen=True)
class NotApplicable:
    """There is nothing to do, and why."""

    code: str
    text: str = ""


@dataclass(frozen=True)
class Later:
    """Not yet: asked again at `at` (business time); no attempt of the series is used."""

    at: datetime
    code: str
    text: str = ""


@dataclass(frozen=True)
class Retry:
    """Failed for now; tried again after the type's delay, or after `after_s` seconds."""

    code: str
    text: str = ""
    after_s: float | None = None


@dataclass(frozen=True)
class Failed:
    """Failed for good; unused attempts stay unused. What the handler wrote stays."""

    code: str
    text: str = ""


@dataclass(frozen=True)
class Cancelled:
    """A person asked for it before anything was done."""

    code: str = "cancelled"
    text: str = ""


@dataclass(frozen=True)
class GivenBack:
    """A worker that stops had not begun it; no attempt of the series is used."""

    code: str = "given_back"
    text: str = "the worker stopped"


@dataclass(frozen=True)
class Lost:
    """The worker was not heard of any more; the attempt counts."""

    code: str = "worker_lost"
    text: str = "the worker was not heard of any more while it ran this job"


Outcome = Succeeded | NotApplicable | Later | Retry | Failed | Cancelled | GivenBack | Lost


class TransientError(Exception):
    """Raised by a handler: what it wrote is undone, and it is tried again."""

    def __init__(self, code: str, text: str = "", *, after_s: float | None = None) -> None:
        super().__init__(f"{text or code} ({code})")
        self.outcome: Outcome = Retry(code, text, after_s)


class PermanentError(Exception):
    """Raised by a handler: what it wrote is undone, and it is not tried again."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{text or code} ({code})")
        self.outcome: Outcome = Failed(code, text)


class OutcomeUnknown(Exception):
    """Raised by a handler: it was asked for and no answer came; the next attempt asks what became of it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.outcome: Outcome = Retry(OUTCOME_UNKNOWN, text)


def outcome_of(error: BaseException) -> Outcome:
    """An error that says how it is to end does; any other counts as transient."""
    if isinstance(error, TransientError | PermanentError | OutcomeUnknown):
        return error.outcome
    if isinstance(error, Refused):
        return Retry(error.code, error.message[:2000])
    return Retry("error", f"{type(error).__name__}: {error}"[:2000])
