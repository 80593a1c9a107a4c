"""What may be done to a payment, and how one comes to an account."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.account_words import asks
from lapwing.backoffice.steps.fields import WithReason, day, text
from lapwing.backoffice.templatetags.lapwing import amount as money
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.actions.post_payment import (
    announce_payment,
    fail_payment,
    post_payment,
    reverse_payment,
)
from lapwing.receivables.amounts import positive_minor
from lapwing.receivables.models import Account, Payment
from lapwing.receivables.states import PAYMENT


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


class DayForm(StepForm):
    """When the money arrived."""

    received_on = day(gettext_lazy("Received on"))

    def prepare(self) -> None:
        self.fields["received_on"].initial = today


def _of_payment(words: Any) -> Any:
    return lambda payment: (
        words
        % {
            "reference": payment.reference,
            "account": payment.account.number,
            "amount": money(payment.amount_minor, payment.account.currency),
            "settled": money(payment.amount_minor - payment.unallocated_minor, payment.account.currency),
        }
    )


def _may(event: str) -> Any:
    return lambda payment: event in PAYMENT.events(payment.state)


def _post(account: Account, *, amount: str, reference: str, invoice: str, received_on: date) -> str:
    payment = post_payment(
        account.number,
        positive_minor(amount, account.currency),
        reference=reference,
        received_on=received_on,
        invoice_number=invoice,
    )
    settled = money(payment.amount_minor - payment.unallocated_minor, account.currency)
    left = money(payment.unallocated_minor, account.currency)
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


def _arrive(payment: Payment, *, received_on: date) -> str:
    post_payment(
        payment.account.number,
        payment.amount_minor,
        reference=payment.reference,
        received_on=received_on,
        invoice_number=payment.invoice_number,
    )
    return _("Payment %(reference)s has arrived.") % {"reference": payment.reference}


def _fail(payment: Payment, *, reason: str) -> str:
    fail_payment(payment.reference, reason=reason)
    return _("Payment %(reference)s will not arrive.") % {"reference": payment.reference}


def _reverse(payment: Payment, *, reason: str) -> str:
    reverse_payment(payment.reference, reason=reason)
    return _("Payment %(reference)s is reversed; what it settled is open again.") % {
        "reference": payment.reference
    }


POST = Permission.POST_PAYMENTS
OF_PAYMENTS = {
    "bad_amount": "amount",
    "bad_reference": "reference",
    "reference_in_use": "reference",
    "invoice_of_another_account": "invoice",
    "in_the_future": "received_on",
    "date_out_of_range": "received_on",
}
NEW_PAYMENT_STEPS = {
    step.name: step
    for step in (
        Step(
            "post_payment",
            gettext_lazy("Post a payment"),
            POST,
            asks(
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
            asks(
                gettext_lazy(
                    "Note money on its way to account %(account)s of %(customer)s, such as a direct debit? It protects "
                    "the account, but settles nothing until it has arrived."
                )
            ),
            _announce,
            PaymentForm,
            beside=OF_PAYMENTS,
        ),
    )
}

PAYMENT_STEPS = {
    step.name: step
    for step in (
        Step(
            "arrived",
            gettext_lazy("It has arrived"),
            POST,
            _of_payment(
                gettext_lazy(
                    "Post the announced payment %(reference)s of %(amount)s on account %(account)s as arrived?"
                )
            ),
            _arrive,
            DayForm,
            possible=_may("post"),
            beside={"in_the_future": "received_on", "date_out_of_range": "received_on"},
            tone="strong",
        ),
        Step(
            "fail",
            gettext_lazy("It will not arrive"),
            POST,
            _of_payment(
                gettext_lazy(
                    "Note that the announced payment %(reference)s of %(amount)s will not arrive? It does not protect "
                    "account %(account)s any more."
                )
            ),
            _fail,
            WithReason,
            possible=_may("fail"),
            tone="danger",
        ),
        Step(
            "reverse",
            gettext_lazy("Reverse"),
            POST,
            _of_payment(
                gettext_lazy(
                    "Reverse payment %(reference)s of %(amount)s on account %(account)s, as for a returned debit or a "
                    "charge-back? The %(settled)s that it settled are open again."
                )
            ),
            _reverse,
            WithReason,
            possible=_may("reverse"),
            tone="danger",
        ),
    )
}
