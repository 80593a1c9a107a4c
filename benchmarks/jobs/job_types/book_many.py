from collections.abc import Mapping, Sequence

from tests.jobs.samples.models import Effect

from lapwing.jobs.outcomes import Outcome
from lapwing.jobs.types import HeldJob, SetType, job_types


class BookMany(SetType):
    """The row that `book` writes, for the whole chunk in one statement."""

    name = "book_many"
    label = "Book many"

    def perform_many(self, jobs: Sequence[HeldJob]) -> Mapping[int, Outcome]:
        Effect.objects.bulk_create(Effect(job_id=job.id, attempt=job.attempt, what="book") for job in jobs)
        return {}


job_types.register(BookMany())
