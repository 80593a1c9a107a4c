"""One effect in another system, asked for under a key that is kept before the first call."""

import random
import uuid
from typing import Any

from lapwing.jobs.outcomes import Outcome, OutcomeUnknown, Succeeded
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from tests.faults.jobs.world import order
from tests.jobs.samples.models import Effect

KEY, ORDERED = "key:", "ordered"


class OrderParameters(Parameters):
    address: str
    slow_s: float = 0.01  # at most, before and after the effect


class Order(OutsideType):
    """The other side does it once a key; the key outlives the attempts."""

    name = "order"
    label = "Order"
    Parameters = OrderParameters
    retry_delays_s = (0.05,)
    time_limit_s = 20

    def prepare(self, job: HeldJob) -> Any:
        return {
            "address": job.parameters["address"],
            "key": self.key_of(job),
            "slow_s": job.parameters["slow_s"],
        }

    def key_of(self, job: HeldJob) -> str:
        """The same for every attempt."""
        kept = Effect.objects.filter(job_id=job.id, what__startswith=KEY).first()
        kept = kept or Effect.objects.create(
            job_id=job.id, attempt=job.attempt, what=f"{KEY}{uuid.uuid4().hex}"
        )
        return kept.what.removeprefix(KEY)

    def call(self, job: HeldJob, intent: Any, deadline: float) -> Any:
        slow_s = intent["slow_s"]
        try:
            return order(
                intent["address"],
                intent["key"],
                job.id,
                before_s=random.uniform(0, slow_s),
                after_s=random.uniform(0, slow_s),
            )
        except OSError as error:
            raise OutcomeUnknown(f"{type(error).__name__}: nobody answered") from error

    def settle(self, job: HeldJob, intent: Any, answer: Any) -> Outcome | None:
        Effect.objects.create(job_id=job.id, attempt=job.attempt, what=ORDERED)
        return Succeeded(answer)


job_types.register(Order())
