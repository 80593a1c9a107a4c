"""Database work that goes wrong as it is told."""

import os
import time

from lapwing.jobs.outcomes import Outcome
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types
from tests.jobs.samples.models import Effect

EATEN_AT_ONCE = 32 * 2**20


class MisbehaveParameters(Parameters):
    how: str  # raise, exit, hang, eat


class Misbehave(DatabaseType):
    """Writes an effect that must not stay, and then never ends well."""

    name = "misbehave"
    label = "Misbehave"
    Parameters = MisbehaveParameters
    retry_delays_s = (0.05,)
    time_limit_s = 0.5

    def perform(self, job: HeldJob) -> Outcome | None:
        Effect.objects.create(job_id=job.id, attempt=job.attempt, what="misbehave")
        match job.parameters["how"]:
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(3600)
            case "eat":
                eaten = []
                while True:
                    eaten.append(bytearray(EATEN_AT_ONCE))
        raise ValueError("something unforeseen")


job_types.register(Misbehave())
