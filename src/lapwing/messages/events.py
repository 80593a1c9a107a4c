"""The events that are mailed, and the names each gives to its templates, with a sample of every value.

The sample is the declaration: a template may use exactly these names, a list has one item to show its shape, and a
value that is a link here is a link in every mail. A single value that a mail does not have is None there.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lapwing.core.errors import Refused

Data = dict[str, Any]  # what JSON can hold


class Audience(StrEnum):
    CUSTOMER = "customer"
    PARTNER = "partner"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Event:
    name: str
    label: str
    audience: Audience
    sample: Data


def event_named(name: str) -> Event:
    """Raises Refused `unknown_mail_event`."""
    try:
        return EVENTS[name]
    except KeyError:
        raise Refused(
            "unknown_mail_event", f"there is no mail event {name[:64]!r}; known: {', '.join(EVENTS)}"
        ) from None


# What every mail may say; `compose` fills it in.
COMMON: Data = {
    "organisation": {"name": "Acme Networks"},
    "recipient": {"address": "anna@example.com"},
}

CUSTOMER: Data = {"customer": {"number": "C-1001", "name": "Anna Berg"}}
ACCOUNT: Data = {**CUSTOMER, "account": {"number": "A-1001"}}
SUBSCRIPTION: Data = {**ACCOUNT, "subscription": {"number": "S-1001", "product": "Fibre 100"}}
DEBT: Data = {"debt": {"amount_minor": 12300, "currency": "EUR"}}
INVOICE: Data = {
    "invoice": {
        "number": "INV-2041",
        "issued_on": "2015-03-01",
        "due_on": "2015-03-15",
        "total_minor": 12300,
        "unsettled_minor": 12300,
        "currency": "EUR",
        "lines": [{"text": "Fibre 100, March 2015", "amount_minor": 12300}],
    }
}
PROVIDER: Data = {"provider": {"code": "acme_cloud", "name": "Acme Cloud"}}
LINK: Data = {"link": "https://example.com/portal/x1y2", "expires_on": "2015-03-17"}
PROFILE: Data = {"profile": {"label": "card ending 4242", "expires_on": "2015-03-31"}}
RUN: Data = {
    "run": {
        "number": 17,
        "definition": "NGC",
        "name": "Nightly grace cut",
        "state": "completed",
        "nominal_date": "2015-03-10",
        "code": None,
        "reason": None,
        "selected": 120,
        "done": 118,
        "skipped": 2,
        "errors": 0,
    }
}
ORDER: Data = {
    **PROVIDER,
    "subscription": {"number": "S-1001", "product": "Fibre 100"},
    "order": {"action": "deactivate", "requested_on": "2015-03-10", "waiting_days": 3},
}
DIGEST: Data = {
    "since_on": "2015-03-10",
    "count": 2,
    "jobs": [
        {"number": 501, "type": "sync_invoice", "subject": "INV-2041", "code": "outcome_unknown", "text": "…"}
    ],
}
USAGE: Data = {"usage": {"meter": "Data", "used": 90, "included": 100, "unit": "GB", "percent": 90}}

_TABLE = (
    # event, label, audience, sample
    (
        "grace_granted",
        "Grace granted",
        Audience.CUSTOMER,
        {**SUBSCRIPTION, **DEBT, "grace_end": "2015-03-24"},
    ),
    ("deactivated", "Deactivated", Audience.CUSTOMER, {**SUBSCRIPTION, **DEBT, "on": "2015-03-10"}),
    ("reactivated", "Reactivated", Audience.CUSTOMER, {**SUBSCRIPTION, "on": "2015-03-12"}),
    ("agreement_request", "Agreement request", Audience.CUSTOMER, {**CUSTOMER, **PROVIDER, **LINK}),
    (
        "agreement_accepted",
        "Agreement accepted",
        Audience.PARTNER,
        {**CUSTOMER, **PROVIDER, "accepted_on": "2015-03-10"},
    ),
    ("manual_provider_action", "Manual provider action", Audience.INTERNAL, ORDER),
    ("run_finished", "Run finished", Audience.INTERNAL, RUN),
    ("run_paused", "Run paused", Audience.INTERNAL, RUN),
    ("run_awaiting_approval", "Run awaiting approval", Audience.INTERNAL, RUN),
    ("job_failed", "Failed jobs, digest", Audience.INTERNAL, DIGEST),
    ("portal_invitation", "Portal invitation", Audience.CUSTOMER, {**CUSTOMER, **LINK}),
    ("invoice_issued", "Invoice issued", Audience.CUSTOMER, {**ACCOUNT, **INVOICE}),
    ("invoice_reminder_1", "Invoice reminder, first", Audience.CUSTOMER, {**ACCOUNT, **INVOICE, **DEBT}),
    ("invoice_reminder_2", "Invoice reminder, second", Audience.CUSTOMER, {**ACCOUNT, **INVOICE, **DEBT}),
    ("invoice_reminder_3", "Invoice reminder, last", Audience.CUSTOMER, {**ACCOUNT, **INVOICE, **DEBT}),
    ("payment_profile_request", "Payment profile request", Audience.CUSTOMER, {**ACCOUNT, **LINK}),
    (
        "payment_declined",
        "Payment declined",
        Audience.CUSTOMER,
        {**ACCOUNT, **INVOICE, **PROFILE, "reason": "insufficient funds", "next_try_on": "2015-03-18"},
    ),
    (
        "payment_profile_expiring",
        "Payment profile expiring",
        Audience.CUSTOMER,
        {**ACCOUNT, **PROFILE, **LINK},
    ),
    ("usage_threshold", "Usage threshold", Audience.CUSTOMER, {**SUBSCRIPTION, **USAGE}),
)

EVENTS: dict[str, Event] = {name: Event(name, *rest) for name, *rest in _TABLE}
