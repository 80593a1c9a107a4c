"""What a type of job must bring. A new type is one file in `job_types/` of any installed app.

Three kinds of handler, by where the effect is:

* `DatabaseType`: in our database; many in one transaction together with their endings: exactly once.
* `SetType`: the same by statements over the whole chunk.
* `OutsideType`: in another system. `prepare` commits what is about to be asked, `call` asks without any database
  connection, `settle` stores the answer in the transaction that ends the attempt: at least once, one outcome.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from lapwing.core.errors import Refused
from lapwing.core.registry import Registry
from lapwing.jobs.outcomes import Outcome, TransientError, outcome_of

URGENT, NORMAL, BULK = 10, 50, 90
PRIORITIES = (URGENT, NORMAL, BULK)
MAX_TRIES = 6
POOLS = ("run", "database", "outside")  # the parts of a worker, the first first
ALONE = "alone"  # pool of the jobs whose workers died: each runs without neighbours
DIED_TOO_OFTEN = 2


class Parameters(BaseModel):
    """Typed parameters of a job: ids rather than documents, never a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job as its holder sees it; `attempt` and `token` fence every write of its outcome."""

    id: int
    type: str
    lane: str
    attempt: int
    tries: int
    deaths: int
    token: str
    started_at: str | datetime  # as the database wrote it
    parameters: dict[str, Any]
    subject_kind: str
    subject_id: int | None
    subject: str
    requested_by: str
    doubtful: bool  # an earlier attempt may have had its effect: ask before anything is repeated

    @property
    def key(self) -> tuple[int, int]:
        """Names this attempt."""
        return self.id, self.attempt


class JobType(ABC):
    """Declared once per type; the instance is registered under `name`."""

    name: str
    label: str
    Parameters: type[BaseModel] = Parameters
    pool: str
    priority: int = NORMAL
    retry_delays_s: tuple[float, ...] = (30, 120, 480, 1800, 7200)
    time_limit_s: float = 300  # of one attempt; after it the job is taken back
    keeps_broken: bool = False  # one that failed is kept at hand until it ends well, however long that takes
    leaves_doubt: bool = (
        False  # whether an attempt without an answer may have had an effect that is not ours to see
    )
    internal: bool = False  # part of the mechanism; not shown among the types a person asks for

    def on_failed(self, job: HeldJob, code: str, text: str) -> None:
        """In the transaction in which the job ends failed, whoever ended it: tells the domain."""
        return None

    def on_settled(self, job: HeldJob, *, happened: bool, reason: str) -> None:
        """In the transaction in which a person says what became of an effect that was in doubt: tells the domain,
        which may refuse.
        """
        return None


class DatabaseType(JobType):
    """Its effect is in our database alone; it must not open a socket."""

    pool = "database"

    @abstractmethod
    def perform(self, job: HeldJob) -> Outcome | None:
        """Inside a transaction that ends this job too; None means succeeded."""


class SetType(JobType):
    """As DatabaseType, for a whole chunk."""

    pool = "database"

    @abstractmethod
    def perform_many(self, jobs: Sequence[HeldJob]) -> Mapping[int, Outcome]:
        """Outcomes by job; a job that is not named has succeeded."""


class OutsideType(JobType):
    """Its effect is in another system."""

    pool = "outside"
    leaves_doubt = True
    time_limit_s: float = 45

    @abstractmethod
    def prepare(self, job: HeldJob) -> Any:
        """In a short transaction: returns an Outcome to end at once, or the plain data that `call` needs."""

    @abstractmethod
    def call(self, job: HeldJob, intent: Any, deadline: float) -> Any:
        """Without a transaction or database connection. `deadline` is an instant of time.monotonic() after which
        nothing may be asked for any more. Raises TransientError, PermanentError, OutcomeUnknown.
        """

    @abstractmethod
    def settle(self, job: HeldJob, intent: Any, answer: Any) -> Outcome | None:
        """In the transaction that ends the attempt: stores the answer."""

    def settle_failure(self, job: HeldJob, intent: Any, error: Exception) -> Outcome:
        """As `settle`, where the call raised."""
        return outcome_of(error)


job_types: Registry[JobType] = Registry("job type", folder="job_types")


class UnknownType(DatabaseType):
    """Stands for a type that this process does not know: its code is older, or an app was removed."""

    name = label = ""
    pool = "outside"  # nobody here knows where its effect is
    leaves_doubt = True

    def perform(self, job: HeldJob) -> Outcome | None:
        raise TransientError(
            "unknown_job_type",
            f"the worker that took it knows no jobs of type {job.type}; its code may be older",
        )


_UNKNOWN = UnknownType()


def type_of(job: HeldJob) -> JobType:
    try:
        return job_types.get(job.type)
    except Refused:
        return _UNKNOWN
