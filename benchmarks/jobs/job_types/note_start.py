import time

from lapwing.jobs.outcomes import Outcome
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types


class NoteStartParameters(Parameters):
    file: str


class NoteStart(DatabaseType):
    """Appends its number and the moment its handler began to a file."""

    name = "note_start"
    label = "Note the start"
    Parameters = NoteStartParameters

    def perform(self, job: HeldJob) -> Outcome | None:
        now = time.time()
        with open(job.parameters["file"], "a", encoding="ascii") as file:
            file.write(f"{job.id} {now!r}\n")
        return None


job_types.register(NoteStart())
