"""What must hold between the cells of one row. Pure."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

Values = dict[str, Any]
Finding = tuple[str, str, str]  # column, reason, code


def subscription(values: Values, today: date) -> Iterator[Finding]:
    start, end = values["grace_start"], values["grace_end"]
    if (start is None) != (end is None):
        column = "grace_start" if start is None else "grace_end"
        yield column, "grace needs a start and an end", "grace_incomplete"
    elif start and end < start:
        yield "grace_end", f"is before the start of the grace, {start}", "end_before_start"


def billing_term(values: Values, today: date) -> Iterator[Finding]:
    start, end = values["binding_start"], values["binding_end"]
    if values["valid_to"] and values["valid_to"] < values["valid_from"]:
        yield "valid_to", f"is before valid_from, {values['valid_from']}", "end_before_start"
    if start is None and end:
        yield "binding_end", "needs a binding_start", "binding_start_missing"
    elif start is None and values["binding_period"]:
        yield "binding_period", "needs a binding_start", "binding_start_missing"
    if start and end and end < start:
        yield "binding_end", f"is before binding_start, {start}", "end_before_start"


def invoice(values: Values, today: date) -> Iterator[Finding]:
    if values["issued_on"] > today:
        yield "issued_on", f"is after today, {today}", "in_the_future"
    if values["due_on"] < values["issued_on"]:
        yield "due_on", f"is before the issue, {values['issued_on']}", "due_before_issue"


def payment(values: Values, today: date) -> Iterator[Finding]:
    if values["received_on"] > today:
        yield "received_on", f"is after today, {today}", "in_the_future"


ROW_RULES: dict[str, Callable[[Values, date], Iterator[Finding]]] = {
    "subscriptions": subscription,
    "billing_terms": billing_term,
    "invoices": invoice,
    "payments": payment,
}
