"""Asks a provider whether a customer accepted its agreement; until then nothing is provisioned there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lapwing.connectors.errors import Busy, ConnectorError
from lapwing.connectors.opening import open_connector
from lapwing.core import clock
from lapwing.customers.actions.accept_agreement import accept_agreement
from lapwing.customers.actions.request_agreement import CONFIRM
from lapwing.customers.models import ProviderAgreement
from lapwing.jobs.outcomes import Failed, Later, NotApplicable, Outcome, Retry, Succeeded, outcome_of
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from lapwing.messages.actions.ask_for_email import ask_for_email

ASK_AGAIN = timedelta(hours=6)


class AgreementParameters(Parameters):
    agreement: int


@dataclass(frozen=True)
class Intent:
    """Whom to ask about, and how the provider is reached; secrets are still sealed."""

    identity: str
    connector: str
    configuration: dict[str, Any]
    sealed_secrets: str


class ConfirmProviderAgreement(OutsideType):
    """Not yet accepted means asked again later; no attempt is used for that."""

    name = CONFIRM
    label = "Confirm customer acceptance of provider agreement"
    Parameters = AgreementParameters

    def prepare(self, job: HeldJob) -> Intent | Outcome:
        agreement = _agreement(job)
        if agreement.accepted_at:
            return NotApplicable("already_accepted", f"accepted at {agreement.accepted_at.isoformat()}")
        provider = agreement.provider
        return Intent(agreement.identity, provider.connector, provider.configuration, provider.sealed_secrets)

    def call(self, job: HeldJob, intent: Intent, deadline: float) -> bool:
        with open_connector(intent.connector, intent.configuration, intent.sealed_secrets) as connector:
            return connector.accepted(intent.identity)

    def settle(self, job: HeldJob, intent: Intent, answer: bool) -> Outcome:
        if not answer:
            return Later(
                clock.now() + ASK_AGAIN, "not_accepted_yet", f"{intent.identity} has not accepted yet"
            )
        agreement = accept_agreement(_agreement(job).pk)
        if agreement.partner_email:
            ask_for_email("agreement_accepted", subject_id=agreement.pk, recipient=agreement.partner_email)
        return Succeeded(f"{intent.identity} accepted")

    def settle_failure(self, job: HeldJob, intent: Intent, error: Exception) -> Outcome:
        if isinstance(error, Busy):
            return Retry(error.code, error.message, error.retry_after_s)
        if isinstance(error, ConnectorError):
            return (
                Retry(error.code, error.message) if error.worth_retrying else Failed(error.code, str(error))
            )
        return outcome_of(error)


def _agreement(job: HeldJob) -> ProviderAgreement:
    return ProviderAgreement.objects.select_related("customer", "provider").get(
        pk=job.parameters["agreement"]
    )


job_types.register(ConfirmProviderAgreement())
