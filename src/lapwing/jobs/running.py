"""What a process holds at this moment: its executor begins and ends it, its heartbeat renews it."""

import math
import time
from dataclasses import dataclass

from lapwing.jobs.types import HeldJob, type_of


@dataclass
class Running:
    """A job that this process holds, for its heartbeat."""

    job: HeldJob
    must_end_by: float = math.inf  # time.monotonic()
    calling: bool = False
    cancel_asked: bool = False

    def begin(self) -> None:
        self.must_end_by = time.monotonic() + type_of(self.job).time_limit_s

    @property
    def is_begun(self) -> bool:
        return self.must_end_by < math.inf

    @property
    def overdue(self) -> bool:
        return time.monotonic() > self.must_end_by
