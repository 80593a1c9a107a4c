"""What may be done to a payment and to an invoice."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step, StepForm
from lapwing.backoffice.steps.fields import WithNeededReason, WithReason, day
from lapwing.backoffice.templatetags.lapwing import amount as to_words
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.receivables.actions.dispute_invoice import dispute_invoice, undispute_invoice
from lapwing.receivables.actions.post_payment import fail_payment, post_payment, reverse_payment
from lapwing.receivables.models import OpenItem, Payment
from lapwing.receivables.states import PAYMENT


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
            "amount": to_words(payment.amount_minor, payment.account.currency),
            "settled": to_words(payment.amount_minor - payment.unallocated_minor, payment.account.currency),
        }
    )


def _of_invoice(words: Any) -> Any:
    return lambda item: (
        words
        % {
            "invoice": item.number,
            "account": item.account.number,
            "unsettled": to_words(item.unsettled_minor, item.account.currency),
        }
    )


def _may(event: str) -> Any:
    return lambda payment: event in PAYMENT.events(payment.state)


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


def _dispute(item: OpenItem, *, reason: str) -> str:
    dispute_invoice(item.number, reason=reason)
    return _("Invoice %(invoice)s is in dispute.") % {"invoice": item.number}


def _undispute(item: OpenItem) -> str:
    undispute_invoice(item.number)
    return _("Invoice %(invoice)s is not in dispute any more.") % {"invoice": item.number}


PAYMENT_STEPS = {
    step.name: step
    for step in (
        Step(
            "arrived",
            gettext_lazy("It has arrived"),
            Permission.POST_PAYMENTS,
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
            Permission.POST_PAYMENTS,
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
            Permission.POST_PAYMENTS,
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

INVOICE_STEPS = {
    step.name: step
    for step in (
        Step(
            "dispute",
            gettext_lazy("Dispute"),
            Permission.CHANGE_ACCOUNTS,
            _of_invoice(
                gettext_lazy(
                    "Put invoice %(invoice)s of account %(account)s, of which %(unsettled)s are unsettled, into "
                    "dispute? It counts in the figures, but disconnects nobody."
                )
            ),
            _dispute,
            WithNeededReason,
            possible=lambda item: not item.disputed,
            beside={"reason_missing": "reason"},
        ),
        Step(
            "undispute",
            gettext_lazy("End the dispute"),
            Permission.CHANGE_ACCOUNTS,
            _of_invoice(
                gettext_lazy(
                    "End the dispute of invoice %(invoice)s? Its %(unsettled)s count in full again, and runs may "
                    "disconnect subscriptions of account %(account)s for them."
                )
            ),
            _undispute,
            possible=lambda item: item.disputed,
            tone="danger",
        ),
    )
}
