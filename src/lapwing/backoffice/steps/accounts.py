"""What may be done to an account: money comes, it is protected, reminded, and goes through its states."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.account_words import asks
from lapwing.backoffice.steps.fields import WithNeededReason, WithReason, day
from lapwing.backoffice.steps.payments import NEW_PAYMENT_STEPS
from lapwing.backoffice.steps.protections import PROTECTION_STEPS
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.backoffice.templatetags.lapwing import words
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.actions.record_reminder import record_reminder
from lapwing.receivables.actions.set_account_state import set_account_state
from lapwing.receivables.models import Account
from lapwing.receivables.states import ACCOUNT

HIGHEST_LEVEL = 9


class ReminderForm(StepForm):
    """When and which one."""

    sent_on = day(gettext_lazy("Sent on"))
    level = forms.IntegerField(
        label=gettext_lazy("Level"),
        min_value=1,
        max_value=HIGHEST_LEVEL,
        help_text=gettext_lazy("1 is the first reminder"),
    )

    def prepare(self) -> None:
        self.fields["sent_on"].initial = today
        self.fields["level"].initial = 1


def _remind(account: Account, *, sent_on: date, level: int) -> str:
    record_reminder(account.number, sent_on=sent_on, level=level)
    return _("Reminder %(level)s noted for %(day)s.") % {"level": level, "day": in_words(sent_on)}


def _moves(event: str) -> Any:
    """Into the state that the table gives."""

    def act(account: Account, *, reason: str) -> str:
        state = ACCOUNT.target(account.life_cycle_state, event, account.number)
        set_account_state(account.number, state, reason=reason)
        return _("Account %(account)s is %(state)s.") % {"account": account.number, "state": words(state)}

    return act


def _may(event: str) -> Any:
    return lambda account: event in ACCOUNT.events(account.life_cycle_state)


CHANGE = Permission.CHANGE_ACCOUNTS
OWN_STEPS = {
    step.name: step
    for step in (
        Step(
            "remind",
            gettext_lazy("Note a reminder"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Note that %(customer)s was reminded of the debt of account %(account)s, %(balance)s?"
                )
            ),
            _remind,
            ReminderForm,
        ),
        Step(
            "suspend",
            gettext_lazy("Suspend"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Suspend account %(account)s of %(customer)s? Runs leave its subscriptions alone and say so."
                )
            ),
            _moves("suspend"),
            WithNeededReason,
            possible=_may("suspend"),
        ),
        Step(
            "reactivate",
            gettext_lazy("Reactivate"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Make account %(account)s of %(customer)s active again? Runs may act on its subscriptions "
                    "(%(subscriptions)s) from now on; it owes %(balance)s."
                )
            ),
            _moves("reactivate"),
            WithReason,
            possible=_may("reactivate"),
        ),
        Step(
            "terminate",
            gettext_lazy("Terminate"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Terminate account %(account)s of %(customer)s for good? It owes %(balance)s and has "
                    "%(subscriptions)s subscriptions; it cannot become active again."
                )
            ),
            _moves("terminate"),
            WithNeededReason,
            possible=_may("terminate"),
            tone="danger",
        ),
    )
}

ACCOUNT_STEPS = {**NEW_PAYMENT_STEPS, **PROTECTION_STEPS, **OWN_STEPS}
