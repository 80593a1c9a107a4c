"""A line in a file, as another system would keep it: the file is that system's own count."""

import os
import time
from typing import Any

from lapwing.jobs.outcomes import NotApplicable, Outcome, OutcomeUnknown, TransientError
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from tests.jobs.samples.models import Effect


class TellParameters(Parameters):
    file: str
    do: str = ""


class Tell(OutsideType):
    """Appends the job's number to a file, once: it looks before it writes."""

    name = "tell"
    label = "Tell"
    Parameters = TellParameters
    retry_delays_s = (0.05,)
    time_limit_s = 2

    def prepare(self, job: HeldJob) -> Any:
        if job.parameters["do"] == "nothing":
            return NotApplicable("nothing_to_tell")
        return {"file": job.parameters["file"], "line": f"{job.id}\n", "do": job.parameters["do"]}

    def call(self, job: HeldJob, intent: Any, deadline: float) -> Any:
        match intent["do"]:
            case "refuse":
                raise TransientError("refused", "the other side is not there")
            case "hang":
                time.sleep(3600)
        if os.path.exists(intent["file"]):
            with open(intent["file"], encoding="ascii") as file:
                if intent["line"] in file.readlines():
                    return "already told"
        if time.monotonic() > deadline:
            raise TransientError("too_late", "it took too long to ask")
        with open(intent["file"], "a", encoding="ascii") as file:
            file.write(intent["line"])
        if intent["do"] == "no_answer":
            raise OutcomeUnknown("the line was cut before the answer came")
        return "told"

    def settle(self, job: HeldJob, intent: Any, answer: Any) -> Outcome | None:
        Effect.objects.create(job_id=job.id, attempt=job.attempt, what=answer)
        return None


job_types.register(Tell())
