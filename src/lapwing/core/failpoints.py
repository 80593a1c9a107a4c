"""Named points at which a test may kill, stall or break this process; inert unless the environment arms one.

LAPWING_FAILPOINT="name:die", "name:raise" or "name:stall", with an optional ":n" for the n-th passage.
LAPWING_FAILPOINT_LOG names a file to which every passage is appended. The points are listed in docs/faults.md.
"""

import os
import signal
import time
from collections import Counter

_ARMED = os.environ.get("LAPWING_FAILPOINT", "")
_LOG = os.environ.get("LAPWING_FAILPOINT_LOG", "")
_passed: Counter[str] = Counter()
STALL_S = 30.0


def arm(text: str, log: str = "") -> None:
    """Arms as the environment would, in a process that was forked after this module was read; "" disarms."""
    global _ARMED, _LOG
    _ARMED, _LOG = text, log
    _passed.clear()


class Broken(RuntimeError):
    """Raised by a failpoint that was told to raise."""


def failpoint(name: str) -> None:
    """Marks a place between two statements where a crash is tried."""
    if not _ARMED and not _LOG:
        return
    _passed[name] += 1
    if _LOG:
        with open(_LOG, "a", encoding="ascii") as log:
            log.write(f"{name}\n")
    armed, _, rest = _ARMED.partition(":")
    if armed != name:
        return
    what, _, nth = rest.partition(":")
    if _passed[name] != int(nth or 1):
        return
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "stall":
        time.sleep(STALL_S)
    else:
        raise Broken(name)
