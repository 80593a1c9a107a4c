"""What may be done to an invoice."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.step import Step
from lapwing.backoffice.steps.fields import WithNeededReason
from lapwing.backoffice.templatetags.lapwing import amount as money
from lapwing.identity.permissions import Permission
from lapwing.receivables.actions.dispute_invoice import dispute_invoice, undispute_invoice
from lapwing.receivables.models import OpenItem


def _of_invoice(words: Any) -> Any:
    return lambda item: (
        words
        % {
            "invoice": item.number,
            "account": item.account.number,
            "unsettled": money(item.unsettled_minor, item.account.currency),
        }
    )


def _dispute(item: OpenItem, *, reason: str) -> str:
    dispute_invoice(item.number, reason=reason)
    return _("Invoice %(invoice)s is in dispute.") % {"invoice": item.number}


def _undispute(item: OpenItem) -> str:
    undispute_invoice(item.number)
    return _("Invoice %(invoice)s is not in dispute any more.") % {"invoice": item.number}


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
