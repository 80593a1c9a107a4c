"""Finds out whether a provider can be reached and lets us in. Changes nothing there."""

from lapwing.catalog.actions.check_provider import CHECK
from lapwing.catalog.actions.set_provider import provider_of
from lapwing.catalog.provider_calls import Line, line_to
from lapwing.connectors.errors import ConnectorError
from lapwing.jobs.outcomes import Failed, NotApplicable, Outcome, Succeeded, outcome_of
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types


class ProviderParameters(Parameters):
    provider: str


class CheckProvider(OutsideType):
    """It is not tried again by itself: who asked wants to know how it is now."""

    name = CHECK
    label = "Check a provider"
    leaves_doubt = False  # it only asks
    Parameters = ProviderParameters
    time_limit_s = 90  # above what a connector may take

    def prepare(self, job: HeldJob) -> Line | Outcome:
        provider = provider_of(job.parameters["provider"])
        if not provider.connector:
            return NotApplicable("no_connector", f"provider {provider.code} is {provider.kind}")
        return line_to(provider)

    def call(self, job: HeldJob, intent: Line, deadline: float) -> None:
        with intent.open() as connector:
            connector.check()

    def settle(self, job: HeldJob, intent: Line, answer: None) -> Outcome:
        return Succeeded(f"provider {job.subject} answers")

    def settle_failure(self, job: HeldJob, intent: Line, error: Exception) -> Outcome:
        if isinstance(error, ConnectorError):
            return Failed(error.code, error.message)
        return outcome_of(error)


job_types.register(CheckProvider())
