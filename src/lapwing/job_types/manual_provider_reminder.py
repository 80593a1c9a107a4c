"""Mails whoever is responsible for a manual provider, again every n days, until the change is marked provisioned."""

from datetime import timedelta

from lapwing.catalog.models import ProviderKind
from lapwing.core import clock
from lapwing.identity.queries import today
from lapwing.jobs.outcomes import Later, NotApplicable, Outcome
from lapwing.jobs.types import DatabaseType, HeldJob, Parameters, job_types
from lapwing.messages.actions.ask_for_email import ask_for_email
from lapwing.subscriptions.actions.record_provisioning import record_provisioning
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning
from lapwing.subscriptions.provider_jobs import hand_over


class ReminderParameters(Parameters):
    license_change: int


class ManualProviderReminder(DatabaseType):
    """Asks for one mail each time; the mails are jobs of their own."""

    name = "manual_provider_reminder"
    label = "Remind a manual provider"
    Parameters = ReminderParameters
    keeps_broken = True

    def perform(self, job: HeldJob) -> Outcome | None:
        changes = LicenseChangeLog.objects.select_related("subscription__provider")
        change = changes.get(pk=job.parameters["license_change"])
        if change.provisioning_status != Provisioning.AWAITING:
            return NotApplicable(
                f"already_{change.provisioning_status}", "nothing is left to be done by hand"
            )
        provider = change.subscription.provider
        if provider is not None and provider.kind == ProviderKind.AUTOMATIC:
            return hand_over(change)
        if provider is None or provider.kind != ProviderKind.MANUAL:
            record_provisioning(change.pk, Provisioning.NOT_APPLICABLE, code="no_manual_provider")
            return NotApplicable("no_manual_provider", "the provider is not manual any more")
        ask_for_email(
            "manual_provider_action",
            subject_id=change.pk,
            recipient=provider.responsible_email,
            again=f"on {today()}",
        )
        days = provider.remind_every_days
        return Later(clock.now() + timedelta(days=days), "reminded", f"mailed {provider.responsible_email}")


job_types.register(ManualProviderReminder())
