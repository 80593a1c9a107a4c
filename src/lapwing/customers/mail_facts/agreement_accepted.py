"""The agreement accepted: to the partner who asked for it."""

from lapwing.customers.models import ProviderAgreement
from lapwing.identity.queries import organisation
from lapwing.messages.actions.prepare_email import About
from lapwing.messages.facts import Facts, MailFacts, mail_facts


class AgreementAccepted(MailFacts):
    """To the partner; the subject is the agreement."""

    name = "agreement_accepted"

    def gather(self, subject_id: int) -> Facts | None:
        found = ProviderAgreement.objects.select_related("customer", "provider").filter(pk=subject_id).first()
        if found is None or found.accepted_at is None:
            return None
        accepted_on = found.accepted_at.astimezone(organisation().zone).date()
        return Facts(
            data={
                "customer": {"number": found.customer.number, "name": found.customer.name},
                "provider": {"code": found.provider.code, "name": found.provider.name or found.provider.code},
                "accepted_on": accepted_on.isoformat(),
            },
            about=About("customer", found.customer_id, found.customer.number),
        )


mail_facts.register(AgreementAccepted())
