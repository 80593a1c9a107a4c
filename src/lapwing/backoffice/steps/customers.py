"""What may be done to a customer: credit hold, agreements with providers, who he is at them."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import WithNeededReason, WithReason, text
from lapwing.backoffice.templatetags.lapwing import capped
from lapwing.catalog.models import Provider, ProviderKind
from lapwing.catalog.queries import effective_providers
from lapwing.connectors.port import connectors
from lapwing.core.sql import capped_count
from lapwing.customers.actions.map_provider_account import map_provider_account
from lapwing.customers.actions.request_agreement import request_agreement
from lapwing.customers.actions.set_credit_hold import hold_credit, release_credit
from lapwing.customers.actions.unmap_provider_account import unmap_provider_account
from lapwing.customers.models import Customer, ProviderAccount
from lapwing.customers.proposals import proposals
from lapwing.identity.permissions import Permission
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.states import LIVE

IDENTITY = 200
NONE_OF_THESE = " "  # no identity can be this; it is not ticked beforehand, as '' would be


def _providers() -> list[tuple[str, str]]:
    return [(each.code, f"{each.code} {each.name}") for each in effective_providers()]


class AgreementForm(StepForm):
    """Which provider, under which identity, and who is told when it is accepted."""

    provider = forms.ChoiceField(label=gettext_lazy("Provider"))
    identity = text(gettext_lazy("Identity there"), longest=IDENTITY)
    partner_email = forms.EmailField(
        label=gettext_lazy("E-mail of the partner"),
        required=False,
        help_text=gettext_lazy("told when it is accepted"),
    )

    def prepare(self) -> None:
        asked = {each.name for each in connectors if each.knows_agreements}
        providers = effective_providers().filter(connector__in=asked)
        self.fields["provider"].choices = [(each.code, each.code) for each in providers]
        self.fields["identity"].initial = self.subject.email


class NewAccountForm(StepForm):
    """A provider at which nobody has asked for the customer yet, and who he is there."""

    provider = forms.ChoiceField(label=gettext_lazy("Provider"))
    identity = text(gettext_lazy("Identity there"), longest=IDENTITY)

    def prepare(self) -> None:
        self.fields["provider"].choices = _providers()


class MapForm(StepForm):
    """One of the proposals, or what somebody knows better. What is ticked counts, not the text beside it."""

    proposed = forms.ChoiceField(label=gettext_lazy("Proposed"), required=False, widget=forms.RadioSelect)
    identity = text(
        gettext_lazy("Identity there"),
        required=False,
        longest=IDENTITY,
        help_text=gettext_lazy("counts where no proposal is chosen"),
    )

    def prepare(self) -> None:
        found = proposals([self.subject])[self.subject.pk]
        self.fields["proposed"].choices = [
            *((each.identity, f"{each.identity} ({each.source})") for each in found if not each.taken_by),
            (NONE_OF_THESE, _("none of these, but the text below")),
        ]
        if len(self.fields["proposed"].choices) == 1:
            del self.fields["proposed"]
        self.fields["identity"].initial = self.subject.identity


def _of_customer(words: Any) -> Any:
    return lambda customer: words % {"customer": customer.name, "number": customer.number}


def _hold(customer: Customer, *, reason: str) -> str:
    hold_credit(customer.number, reason=reason)
    return _("Customer %(number)s is on credit hold.") % {"number": customer.number}


def _release(customer: Customer, *, reason: str) -> str:
    release_credit(customer.number, reason=reason)
    return _(
        "Customer %(number)s is not on credit hold any more; what waited is asked again within the hour."
    ) % {"number": customer.number}


def _agreement(customer: Customer, *, provider: str, identity: str, partner_email: str) -> str:
    asked = request_agreement(customer.number, provider, identity, partner_email=partner_email)
    if asked.accepted_at:
        return _("%(identity)s has accepted the agreement of %(provider)s already.") % {
            "identity": asked.identity,
            "provider": provider,
        }
    return _("A job finds out when %(identity)s has accepted the agreement of %(provider)s.") % {
        "identity": asked.identity,
        "provider": provider,
    }


def _map_new(customer: Customer, *, provider: str, identity: str) -> str:
    account = map_provider_account(customer.number, provider, identity)
    return _mapped(customer.number, account.provider, identity)


def _map(account: ProviderAccount, *, identity: str, proposed: str = "") -> str:
    chosen = proposed.strip() or identity
    map_provider_account(account.customer.number, account.provider.code, chosen)
    return _mapped(account.customer.number, account.provider, chosen)


def _mapped(number: str, provider: Provider, identity: str) -> str:
    told = (
        _("Customer %(number)s is %(identity)s at %(provider)s; what waited is asked again within the hour.")
        if provider.waits_for_account
        else _("Customer %(number)s is %(identity)s at %(provider)s.")
    )
    return told % {"number": number, "identity": identity, "provider": provider.code}


def _unmap(account: ProviderAccount, *, reason: str) -> str:
    unmap_provider_account(account.customer.number, account.provider.code, reason=reason)
    return _("Customer %(number)s is not mapped at %(provider)s any more.") % {
        "number": account.customer.number,
        "provider": account.provider.code,
    }


def _asks_map(account: ProviderAccount) -> str:
    if account.provider.kind != ProviderKind.AUTOMATIC:
        return _of_account(account, _("Who is %(customer)s (%(number)s) at %(provider)s?"))
    return _of_account(
        account,
        _(
            "Who is %(customer)s (%(number)s) at %(provider)s? %(live)s live subscriptions of his are delivered there "
            "under this identity."
        ),
    )


def _asks_unmap(account: ProviderAccount) -> str:
    """What follows, which is another thing for a provider that needs no account."""
    asked = _("Take back that %(customer)s (%(number)s) is %(identity)s at %(provider)s?")
    if account.provider.waits_for_account:
        follows = _(
            "Nothing more is switched on or changed for his %(live)s live subscriptions there until he is mapped again."
        )
    elif account.provider.kind == ProviderKind.AUTOMATIC:
        follows = _(
            "Nothing is held up: this provider needs no account. It is told of his %(live)s live subscriptions under "
            "their own numbers from the next change on."
        )
    else:
        follows = _("Nothing is held up: no system is told under this identity.")
    return _of_account(account, f"{asked} {follows}")


def _of_account(account: ProviderAccount, words: str) -> str:
    live = Subscription.objects.filter(
        account__customer=account.customer_id, provider=account.provider_id, life_cycle_state__in=LIVE
    )
    return words % {
        "customer": account.customer.name,
        "number": account.customer.number,
        "provider": account.provider.code,
        "identity": account.identity,
        "live": capped(capped_count(live)),
    }


CUSTOMER_STEPS = {
    step.name: step
    for step in (
        Step(
            "hold_credit",
            gettext_lazy("Put on credit hold"),
            Permission.CHANGE_ACCOUNTS,
            _of_customer(
                gettext_lazy(
                    "Put %(customer)s (%(number)s) on credit hold? Nothing more is switched on for him at any "
                    "provider; switching off goes on."
                )
            ),
            _hold,
            WithNeededReason,
            possible=lambda customer: not customer.credit_hold,
            tone="danger",
        ),
        Step(
            "release_credit",
            gettext_lazy("End the credit hold"),
            Permission.CHANGE_ACCOUNTS,
            _of_customer(
                gettext_lazy(
                    "End the credit hold of %(customer)s (%(number)s)? What waited is switched on within the hour."
                )
            ),
            _release,
            WithReason,
            possible=lambda customer: customer.credit_hold,
        ),
        Step(
            "request_agreement",
            gettext_lazy("Ask for an agreement"),
            Permission.PROVISION,
            _of_customer(
                gettext_lazy(
                    "Note that %(customer)s (%(number)s) was asked to accept a provider's agreement? Until he has, "
                    "nothing is provisioned for him there; a job finds out."
                )
            ),
            _agreement,
            AgreementForm,
            beside={
                "no_agreements": "provider",
                "unknown_provider": "provider",
                "identity_missing": "identity",
            },
        ),
        Step(
            "map",
            gettext_lazy("Map at a provider"),
            Permission.PROVISION,
            _of_customer(gettext_lazy("Say who %(customer)s (%(number)s) is at a provider?")),
            _map_new,
            NewAccountForm,
            beside={
                "unknown_provider": "provider",
                "identity_missing": "identity",
                "identity_taken": "identity",
            },
        ),
    )
}

PROVIDER_ACCOUNT_STEPS = {
    step.name: step
    for step in (
        Step(
            "map",
            gettext_lazy("Map"),
            Permission.PROVISION,
            _asks_map,
            _map,
            MapForm,
            beside={"identity_missing": "identity", "identity_taken": "identity"},
            tone="strong",
        ),
        Step(
            "unmap",
            gettext_lazy("Unmap"),
            Permission.PROVISION,
            _asks_unmap,
            _unmap,
            WithNeededReason,
            possible=lambda account: account.is_mapped,
            beside={"reason_missing": "reason"},
            tone="danger",
        ),
    )
}
