"""How a job reaches a provider: what it needs to call without a database, and what a call that failed means for it."""

from dataclasses import dataclass, field
from typing import Any

from lapwing.catalog.models import Provider
from lapwing.connectors.errors import Busy, ConnectorError
from lapwing.connectors.opening import open_connector
from lapwing.connectors.port import ProviderConnector
from lapwing.jobs.outcomes import Failed, Outcome, Retry, outcome_of


@dataclass(frozen=True)
class Line:
    """A provider's connector with its settings, the secrets still sealed."""

    connector: str
    configuration: dict[str, Any]
    sealed_secrets: str = field(repr=False)

    def open(self) -> ProviderConnector:
        """To be closed, or used by `with`. Raises as `open_connector`."""
        return open_connector(self.connector, self.configuration, self.sealed_secrets)


def line_to(provider: Provider) -> Line:
    return Line(provider.connector, provider.configuration, provider.sealed_secrets)


def outcome_of_call(error: Exception) -> Outcome:
    """What may work later is tried again, when a busy provider asks for it; what is refused for good is not."""
    if isinstance(error, Busy):
        return Retry(error.code, error.message, error.retry_after_s)
    if isinstance(error, ConnectorError):
        return Retry(error.code, error.message) if error.worth_retrying else Failed(error.code, str(error))
    return outcome_of(error)
