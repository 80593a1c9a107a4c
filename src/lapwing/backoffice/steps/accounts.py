"""What may be done to an account: hold, promise, reminder, state, payments."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import WithNeededReason, WithReason, day, reason, text
from lapwing.backoffice.templatetags.lapwing import amount as to_words
from lapwing.backoffice.templatetags.lapwing import capped, words
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.core.sql import capped_count
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.actions.end_promise import end_promise
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.post_payment import announce_payment, post_payment
from lapwing.receivables.actions.promise_payment import promise_payment
from lapwing.receivables.actions.record_reminder import record_reminder
from lapwing.receivables.actions.release_account import release_account
from lapwing.receivables.actions.set_account_state import set_account_state
from lapwing.receivables.amounts import positive_minor
from lapwing.receivables.models import Account
from lapwing.receivables.queries import balance_minor, outstanding_minor
from lapwing.receivables.states import ACCOUNT

HIGHEST_LEVEL = 9


class HoldForm(StepForm):
    """Until when, and why."""

    until = day(gettext_lazy("Last day of the hold"))
    reason = reason(required=True)


class PromiseForm(StepForm):
    """How much until when; what is owed is proposed."""

    until = day(gettext_lazy("Promised until"), help_text=gettext_lazy("this day included"))
    amount = text(gettext_lazy("Amount"), longest=30)

    def prepare(self) -> None:
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": self.subject.currency}


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


class PaymentForm(StepForm):
    """Money of an account: how much, by which reference, and which invoice it names."""

    amount = text(gettext_lazy("Amount"), longest=30)
    reference = text(
        gettext_lazy("Reference"), help_text=gettext_lazy("of the bank; each payment has its own")
    )
    invoice = text(gettext_lazy("Invoice it names"), required=False, help_text=gettext_lazy("settled first"))

    def prepare(self) -> None:
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": self.subject.currency}


class ArrivedForm(PaymentForm):
    """The same, and the day."""

    received_on = day(gettext_lazy("Received on"))

    def prepare(self) -> None:
        super().prepare()
        self.fields["received_on"].initial = today


def _about(account: Account) -> dict[str, Any]:
    """What questions say of an account."""
    money = account.currency
    return {
        "account": account.number,
        "customer": account.customer.name,
        "balance": to_words(balance_minor(account), money),
        "outstanding": to_words(outstanding_minor(account, today()), money),
        "subscriptions": capped(capped_count(account.subscriptions.all())),
        "promise": to_words(account.promise_minor or 0, money),
    }


def _asks(words: Any) -> Any:
    return lambda account: words % _about(account)


def _hold(account: Account, *, until: date, reason: str) -> str:
    hold_account(account.number, until=until, reason=reason)
    told = {"account": account.number, "until": in_words(until)}
    return _("Account %(account)s is on hold until %(until)s.") % told


def _release(account: Account) -> str:
    release_account(account.number)
    return _("Account %(account)s is not on hold any more.") % {"account": account.number}


def _promise(account: Account, *, until: date, amount: str) -> str:
    promise_payment(account.number, until=until, amount=amount)
    return _("Promise to pay noted until %(until)s.") % {"until": in_words(until)}


def _end_promise(account: Account, *, reason: str) -> str:
    end_promise(account.number, reason=reason)
    return _("The promise to pay of account %(account)s has ended.") % {"account": account.number}


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


def _post(account: Account, *, amount: str, reference: str, invoice: str, received_on: date) -> str:
    payment = post_payment(
        account.number,
        positive_minor(amount, account.currency),
        reference=reference,
        received_on=received_on,
        invoice_number=invoice,
    )
    settled = to_words(payment.amount_minor - payment.unallocated_minor, account.currency)
    left = to_words(payment.unallocated_minor, account.currency)
    return _("Payment %(reference)s posted: %(settled)s settled, %(left)s left as credit.") % {
        "reference": reference,
        "settled": settled,
        "left": left,
    }


def _announce(account: Account, *, amount: str, reference: str, invoice: str) -> str:
    minor = positive_minor(amount, account.currency)
    announce_payment(account.number, minor, reference=reference, invoice_number=invoice)
    return _("Payment %(reference)s is on its way; it protects the account and settles nothing yet.") % {
        "reference": reference
    }


CHANGE, POST = Permission.CHANGE_ACCOUNTS, Permission.POST_PAYMENTS
OF_PAYMENTS = {
    "bad_amount": "amount",
    "bad_reference": "reference",
    "reference_in_use": "reference",
    "invoice_of_another_account": "invoice",
    "in_the_future": "received_on",
    "date_out_of_range": "received_on",
}
ACCOUNT_STEPS = {
    step.name: step
    for step in (
        Step(
            "post_payment",
            gettext_lazy("Post a payment"),
            POST,
            _asks(
                gettext_lazy(
                    "Post a payment that has arrived on account %(account)s of %(customer)s, which owes %(balance)s? "
                    "It settles the invoice it names, then the others by their due date; the rest is credit."
                )
            ),
            _post,
            ArrivedForm,
            beside=OF_PAYMENTS,
            tone="strong",
        ),
        Step(
            "announce_payment",
            gettext_lazy("Announce a payment"),
            POST,
            _asks(
                gettext_lazy(
                    "Note money on its way to account %(account)s of %(customer)s, such as a direct debit? It protects "
                    "the account, but settles nothing until it has arrived."
                )
            ),
            _announce,
            PaymentForm,
            beside=OF_PAYMENTS,
        ),
        Step(
            "promise",
            gettext_lazy("Promise to pay"),
            CHANGE,
            _asks(
                gettext_lazy(
                    "Note that %(customer)s promises to pay? Account %(account)s owes %(balance)s, %(outstanding)s of "
                    "it overdue. No run disconnects its subscriptions (%(subscriptions)s) until the day has passed."
                )
            ),
            _promise,
            PromiseForm,
            beside={"in_the_past": "until", "bad_amount": "amount"},
        ),
        Step(
            "end_promise",
            gettext_lazy("End the promise"),
            CHANGE,
            _asks(
                gettext_lazy(
                    "End the promise of %(customer)s to pay %(promise)s? From now on runs may disconnect the "
                    "subscriptions of account %(account)s (%(subscriptions)s) for its debt of %(outstanding)s."
                )
            ),
            _end_promise,
            WithReason,
            possible=lambda account: account.promise_until is not None,
            tone="danger",
        ),
        Step(
            "hold",
            gettext_lazy("Put on hold"),
            CHANGE,
            _asks(
                gettext_lazy(
                    "Put account %(account)s of %(customer)s on hold? It owes %(balance)s; no run disconnects its "
                    "subscriptions (%(subscriptions)s) until the day has passed."
                )
            ),
            _hold,
            HoldForm,
            beside={"in_the_past": "until", "reason_missing": "reason"},
        ),
        Step(
            "release",
            gettext_lazy("End the hold"),
            CHANGE,
            _asks(
                gettext_lazy(
                    "End the hold of account %(account)s of %(customer)s? From now on runs may disconnect its "
                    "subscriptions (%(subscriptions)s) for its debt of %(outstanding)s."
                )
            ),
            _release,
            possible=lambda account: account.on_hold_until is not None,
            tone="danger",
        ),
        Step(
            "remind",
            gettext_lazy("Note a reminder"),
            CHANGE,
            _asks(
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
            _asks(
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
            _asks(
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
            _asks(
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
