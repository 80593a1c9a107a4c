"""The manual action: to whoever is responsible at a provider without a system."""

from lapwing.identity.queries import today
from lapwing.messages.actions.prepare_email import About
from lapwing.messages.facts import Facts, MailFacts, mail_facts
from lapwing.subscriptions.models import LicenseChangeLog, Provisioning


class ManualProviderAction(MailFacts):
    """To whoever is responsible at a manual provider; the subject is the license change that waits for him."""

    name = "manual_provider_action"

    def gather(self, subject_id: int) -> Facts | None:
        changes = LicenseChangeLog.objects.select_related("subscription__provider", "product")
        found = changes.filter(pk=subject_id, provisioning_status=Provisioning.AWAITING).first()
        if found is None or found.subscription.provider is None:
            return None
        provider = found.subscription.provider
        return Facts(
            data={
                "provider": {"code": provider.code, "name": provider.name or provider.code},
                "subscription": {
                    "number": found.subscription.number,
                    "product": found.product.code if found.product else found.subscription.number,
                },
                "order": {
                    "action": str(found.event),
                    "requested_on": found.effective_on.isoformat(),
                    "waiting_days": (today() - found.effective_on).days,
                },
            },
            about=About("subscription", found.subscription_id, found.subscription.number),
        )


mail_facts.register(ManualProviderAction())
