"""What keeps an account from runs until a day: a hold, a promise to pay, and the end of either. Each says which one is
there, and replaces or ends no other.
"""

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.account_words import asks
from lapwing.backoffice.steps.fields import WithReason, day, reason, text
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.identity.permissions import Permission
from lapwing.receivables.actions.end_promise import end_promise
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.promise_payment import promise_payment
from lapwing.receivables.actions.release_account import release_account
from lapwing.receivables.models import Account
from lapwing.receivables.protections import hold_seen_as, promise_seen_as


class HoldForm(StepForm):
    """Until when, and why."""

    until = day(gettext_lazy("Last day of the hold"))
    reason = reason(required=True)


class PromiseForm(StepForm):
    """How much until when."""

    until = day(gettext_lazy("Promised until"), help_text=gettext_lazy("this day included"))
    amount = text(gettext_lazy("Amount"), longest=30)

    def prepare(self) -> None:
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": self.subject.currency}


def _hold(account: Account, *, seen: str, until: date, reason: str) -> str:
    hold_account(account.number, until=until, reason=reason, seen=seen)
    told = {"account": account.number, "until": in_words(until)}
    return _("Account %(account)s is on hold until %(until)s.") % told


def _release(account: Account, *, seen: str) -> str:
    release_account(account.number, seen=seen)
    return _("Account %(account)s is not on hold any more.") % {"account": account.number}


def _promise(account: Account, *, seen: str, until: date, amount: str) -> str:
    promise_payment(account.number, until=until, amount=amount, seen=seen)
    return _("Promise to pay noted until %(until)s.") % {"until": in_words(until)}


def _end_promise(account: Account, *, seen: str, reason: str) -> str:
    end_promise(account.number, reason=reason, seen=seen)
    return _("The promise to pay of account %(account)s has ended.") % {"account": account.number}


def _is_held(account: Account) -> bool:
    return account.on_hold_until is not None


def _is_promised(account: Account) -> bool:
    return account.promise_until is not None


def _where(present: Callable[[Account], bool], told: Callable[[Account], str]) -> Callable[[Account], str]:
    return lambda account: told(account) if present(account) else ""


CHANGE = Permission.CHANGE_ACCOUNTS
PROTECTION_STEPS = {
    step.name: step
    for step in (
        Step(
            "promise",
            gettext_lazy("Promise to pay"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Note that %(customer)s promises to pay? Account %(account)s owes %(balance)s, %(outstanding)s of "
                    "it overdue. No run disconnects its subscriptions (%(subscriptions)s) until the day has passed."
                )
            ),
            _promise,
            PromiseForm,
            beside={"in_the_past": "until", "bad_amount": "amount"},
            replaces=_where(
                _is_promised, asks(gettext_lazy("The present promise (%(promise)s) is replaced."))
            ),
            seen_as=promise_seen_as,
        ),
        Step(
            "end_promise",
            gettext_lazy("End the promise"),
            CHANGE,
            asks(
                gettext_lazy(
                    "End the promise of %(customer)s to pay (%(promise)s)? From now on runs may disconnect the "
                    "subscriptions of account %(account)s (%(subscriptions)s) for its debt of %(outstanding)s."
                )
            ),
            _end_promise,
            WithReason,
            possible=_is_promised,
            tone="danger",
            seen_as=promise_seen_as,
        ),
        Step(
            "hold",
            gettext_lazy("Put on hold"),
            CHANGE,
            asks(
                gettext_lazy(
                    "Put account %(account)s of %(customer)s on hold? It owes %(balance)s; no run disconnects its "
                    "subscriptions (%(subscriptions)s) until the day has passed."
                )
            ),
            _hold,
            HoldForm,
            beside={"in_the_past": "until", "reason_missing": "reason"},
            replaces=_where(_is_held, asks(gettext_lazy("The present hold (%(hold)s) is replaced."))),
            seen_as=hold_seen_as,
        ),
        Step(
            "release",
            gettext_lazy("End the hold"),
            CHANGE,
            asks(
                gettext_lazy(
                    "End the hold of account %(account)s of %(customer)s (%(hold)s)? From now on runs may disconnect "
                    "its subscriptions (%(subscriptions)s) for its debt of %(outstanding)s."
                )
            ),
            _release,
            possible=_is_held,
            tone="danger",
            seen_as=hold_seen_as,
        ),
    )
}
