"""One row in our database; told by its parameters to end in any way."""

import os
import time
from datetime import timedelta

from lapwing.core import clock
from lapwing.jobs.outcomes import Failed, Later, NotApplicable, Outcome, PermanentError, TransientError
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types
from tests.jobs.samples.models import Effect


class BookParameters(Parameters):
    do: str = ""


class Book(DatabaseType):
    """Writes an Effect, then ends as it was told."""

    name = "book"
    label = "Book"
    Parameters = BookParameters
    retry_delays_s = (0.05,)
    time_limit_s = 3

    def perform(self, job: HeldJob) -> Outcome | None:
        Effect.objects.create(job_id=job.id, attempt=job.attempt, what="book")
        match job.parameters["do"]:
            case "not_applicable":
                return NotApplicable("nothing_to_book", "there is nothing to book")
            case "later":
                return Later(clock.now() + timedelta(days=1), "not_yet", "tomorrow")
            case "refuse":
                return Failed("refused", "it will never work")
            case "person":
                return Failed("needs_person", "only a person can find out")
            case "raise":
                raise ValueError("something unforeseen")
            case "transient":
                raise TransientError("busy", "the table is busy")
            case "permanent":
                raise PermanentError("closed", "the books are closed")
            case "exit":
                os._exit(3)
            case "hang":
                time.sleep(3600)
        return None


job_types.register(Book())
