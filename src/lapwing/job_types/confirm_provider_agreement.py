"""Asks a provider whether a customer accepted its agreement; until then nothing is provisioned there."""

from dataclasses import dataclass
from datetime import timedelta

from lapwing.catalog.provider_calls import Line, line_to, outcome_of_call
from lapwing.core import clock
from lapwing.customers.actions.accept_agreement import accept_agreement
from lapwing.customers.actions.request_agreement import CONFIRM
from lapwing.customers.models import ProviderAgreement
from lapwing.jobs.outcomes import Later, NotApplicable, Outcome, Succeeded
from lapwing.jobs.types import HeldJob, OutsideType, Parameters, job_types
from lapwing.messages.actions.ask_for_email import ask_for_email

ASK_AGAIN = timedelta(hours=6)


class AgreementParameters(Parameters):
    agreement: int


@dataclass(frozen=True)
class Intent:
    """Whom to ask about, and where."""

    identity: str
    line: Line


class ConfirmProviderAgreement(OutsideType):
    """Not yet accepted means asked again later; no attempt is used for that."""

    name = CONFIRM
    label = "Confirm customer acceptance of provider agreement"
    leaves_doubt = False  # it only asks
    Parameters = AgreementParameters

    def prepare(self, job: HeldJob) -> Intent | Outcome:
        agreement = _agreement(job)
        if agreement.accepted_at:
            return NotApplicable("already_accepted", f"accepted at {agreement.accepted_at.isoformat()}")
        return Intent(agreement.identity, line_to(agreement.provider))

    def call(self, job: HeldJob, intent: Intent, deadline: float) -> bool:
        with intent.line.open() as connector:
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
        return outcome_of_call(error)


def _agreement(job: HeldJob) -> ProviderAgreement:
    return ProviderAgreement.objects.select_related("customer", "provider").get(
        pk=job.parameters["agreement"]
    )


job_types.register(ConfirmProviderAgreement())
