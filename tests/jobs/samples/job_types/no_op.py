from collections.abc import Mapping, Sequence

from lapwing.jobs.outcomes import Outcome
from lapwing.jobs.types import HeldJob, SetType, job_types


class NoOp(SetType):
    """Does nothing."""

    name = "no_op"
    label = "No operation"

    def perform_many(self, jobs: Sequence[HeldJob]) -> Mapping[int, Outcome]:
        return {}


job_types.register(NoOp())
