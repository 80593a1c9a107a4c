"""The behaviours of a subscription as steps: what its state allows, now or on a day to come."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.offers import subscription_offers
from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import day, reason, text
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.backoffice.templatetags.lapwing import words
from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.models import CatalogEntry, LifeCycle, Product, SubActionType
from lapwing.catalog.queries import custom_types
from lapwing.identity.permissions import Permission
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.amendments import TERM_PARTS
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.states import NEEDS_UNTIL, SERVICES_ON, SUBSCRIPTION

CODES_AT_MOST = 500
DANGEROUS = (Behaviour.DEACTIVATE, Behaviour.CANCEL, Behaviour.REGRET, Behaviour.REPLACE)
BESIDE = {
    "until_missing": "until",
    "until_too_early": "until",
    "in_the_past": "on",
    "to_missing": "to",
    "bad_quantity": "to",
    "unknown_product": "to",
    "unknown_account": "to",
    "other_currency": "to",
    "account_not_active": "to",
    "wrong_behaviour": "action_type",
    "wrong_sub_type": "action_type",
}


class BehaviourForm(StepForm):
    """Only the fields that the behaviour needs, and the day; without a day it is done at once. Unseen, it posts the
    revision that its page showed.
    """

    behaviour = ""

    def prepare(self) -> None:
        if self.behaviour in NEEDS_UNTIL:
            self.fields["until"] = day(
                gettext_lazy("Until"), required=False, help_text=gettext_lazy("the last day")
            )
        if self.behaviour == Behaviour.AMEND_BILLING_TERM:
            for part, model in TERM_PARTS.items():
                self.fields[part] = _codes(capfirst(words(part)), model, keeps=True)
        elif self.behaviour == Behaviour.SWAP_PRODUCT:
            self.fields["to"] = _codes(_("New product"), Product)
        elif self.behaviour == Behaviour.CHANGE_QUANTITY:
            self.fields["to"] = text(gettext_lazy("New quantity"), required=False)
        elif self.behaviour == Behaviour.CHANGE_ACCOUNT:
            self.fields["to"] = text(gettext_lazy("Number of the new account"), required=False)
        self.fields["on"] = day(
            gettext_lazy("On"), required=False, help_text=gettext_lazy("left empty: at once")
        )
        if types := _action_types(self.behaviour):
            choices = [("", _("built-in")), *((each, each) for each in types)]
            self.fields["action_type"] = forms.ChoiceField(
                label=gettext_lazy("Action type"), choices=choices, required=False
            )
        self.fields["reason"] = reason()
        self.fields["revision"] = forms.IntegerField(
            required=False, initial=self.subject.revision, widget=forms.HiddenInput
        )


def _codes(label: str, model: type[CatalogEntry], *, keeps: bool = False) -> forms.ChoiceField:
    effective = model.objects.filter(life_cycle_state=LifeCycle.EFFECTIVE).order_by("code")
    found = [(each.code, f"{each.code} {each.name}".strip()) for each in effective[:CODES_AT_MOST]]
    return forms.ChoiceField(
        label=label, choices=[("", _("as it is") if keeps else "…"), *found], required=False
    )


def _action_types(behaviour: str) -> list[str]:
    """Codes of types, and of sub-types behind their type."""
    kinds = custom_types(behaviour)
    subs = SubActionType.objects.filter(action_type__in=kinds).select_related("action_type")
    return [*(kind.code for kind in kinds), *(f"{sub.action_type.code}/{sub.code}" for sub in subs)]


def _question(behaviour: str) -> Callable[[Subscription], str]:
    def question(subscription: Subscription) -> str:
        before = subscription.life_cycle_state
        after = SUBSCRIPTION.table.get((before, behaviour), before)
        told = {
            "behaviour": capfirst(words(behaviour)),
            "number": subscription.number,
            "customer": subscription.account.customer.name,
            "before": words(before),
            "after": words(after),
        }
        asked = _("%(behaviour)s: %(number)s of %(customer)s?") % told
        if before != after:
            asked += " " + _("It is %(before)s and becomes %(after)s.") % told
        if (before in SERVICES_ON) != (after in SERVICES_ON):
            asked += " " + (_("Its services go on.") if after in SERVICES_ON else _("Its services go off."))
        return asked

    return question


def _act(behaviour: str) -> Callable[..., str]:
    def act(
        subscription: Subscription,
        *,
        on: date | None,
        reason: str,
        revision: int | None,
        until: date | None = None,
        to: str = "",
        action_type: str = "",
        **term: str,
    ) -> str:
        kind, _slash, sub_kind = action_type.partition("/")
        action = perform(
            subscription.number,
            behaviour,
            on=on,
            until=until,
            to=to or ",".join(f"{part}={code}" for part, code in term.items() if code),
            action_type=kind,
            sub_action_type=sub_kind,
            reason=reason,
            seen_revision=revision,
        )
        told = {"number": subscription.number, "behaviour": words(behaviour)}
        if action.state == "scheduled":
            return _("%(number)s: %(behaviour)s, planned for %(on)s.") % {
                **told,
                "on": in_words(action.scheduled_on),
            }
        return _("%(number)s: %(behaviour)s, done.") % told

    return act


def _step(behaviour: str) -> Step:
    form: Any = type("BehaviourForm", (BehaviourForm,), {"behaviour": behaviour})
    beside = {**BESIDE, "to_missing": "price_plan"} if behaviour == Behaviour.AMEND_BILLING_TERM else BESIDE
    return Step(
        behaviour,
        capfirst(gettext_lazy(behaviour.replace("_", " "))),
        Permission.CHANGE_SUBSCRIPTIONS,
        _question(behaviour),
        _act(behaviour),
        form,
        possible=lambda subscription: behaviour in subscription_offers(subscription),
        beside=beside,
        tone="danger" if behaviour in DANGEROUS else "plain",
    )


BEHAVIOUR_STEPS = {
    str(behaviour): _step(str(behaviour)) for behaviour in Behaviour if behaviour != Behaviour.OPENING
}
