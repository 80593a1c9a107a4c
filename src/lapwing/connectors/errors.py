"""How a call to another system ends where it does not end well; what each means for whoever called.

Every message is in words and free of secrets. `nothing_done` says whether the other side is certainly unchanged.
"""


class ConnectorError(Exception):
    """The call did not do what it was to do. `code` is stable, one for each class below."""

    code = "provider_error"
    nothing_done = True
    worth_retrying = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class Unreachable(ConnectorError):
    """Certainly nothing was done: no connection, or no usable answer to a mere question."""

    code = "provider_unreachable"


class OutcomeUnknown(ConnectorError):
    """The change was sent and no usable answer came. Look before anything is repeated."""

    code = "outcome_unknown"
    nothing_done = False


class CredentialsRefused(ConnectorError):
    """The system does not let us in. Every order waits for a person to set the connector right."""

    code = "provider_credentials"


class Busy(ConnectorError):
    """The system asks us to come back. `retry_after_s` is its wish, or our guess."""

    code = "provider_busy"

    def __init__(self, message: str, *, retry_after_s: float = 30.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(ConnectorError):
    """The system refuses for good; the same order will be refused again. `reason` is its own code, or ours."""

    code = "provider_rejected"
    worth_retrying = False

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.message} ({self.code}: {self.reason})"


class NotFound(ConnectorError):
    """What the change needs to stand on is not there: the directory's base, the collection of users."""

    code = "provider_not_found"
    worth_retrying = False


class TooLate(ConnectorError):
    """The caller's time was over before the change could be sent; whoever has the work now must bring it."""

    code = "too_late"


class CannotTell(ConnectorError):
    """The system has no way to answer this question; the connector's flags say so beforehand."""

    code = "provider_cannot_tell"
    worth_retrying = False
