"""How long a call may wait, and until when a change may still be sent. All instants are monotonic seconds."""

from time import monotonic

from lapwing.connectors.errors import TooLate, Unreachable

NEVER = float("inf")


class Patience:
    """The waiting that one call of a port is allowed: each exchange at most `exchange_s`, all together `total_s`."""

    def __init__(self, exchange_s: float, total_s: float) -> None:
        self._exchange_s = exchange_s
        self._end = monotonic() + total_s

    def exchange_ends(self) -> float:
        """When an exchange that begins now must be over. Raises Unreachable when nothing is left: it is not begun."""
        now = monotonic()
        if now >= self._end:
            raise Unreachable(
                "the time limit of the whole call was used up before this exchange; try again later"
            )
        return min(now + self._exchange_s, self._end)


def in_time(deadline: float) -> None:
    """Raises TooLate from `deadline` on; called right before a change is sent."""
    late_s = monotonic() - deadline
    if late_s >= 0:
        raise TooLate(
            f"the change was not sent: expected before the caller's deadline, found {late_s:.3f} s after it; "
            "the next attempt will bring it"
        )
