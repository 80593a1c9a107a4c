"""A worker for database work, in this thread and in the test's own transaction."""

from lapwing.jobs.executor import Executor
from tests.jobs.conftest import claim


def carry_out() -> list[str]:
    """Until nothing is due; returns the types of the jobs that were carried out."""
    done: list[str] = []
    while held := claim() or claim(pool="run"):
        done += [job.type for job in held]
        Executor().begin(held)
    return done
