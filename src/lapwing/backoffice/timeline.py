"""Everything that happened to a subscription on one line of time, the latest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lapwing.identity.queries import organisation
from lapwing.jobs.queries import newest_jobs
from lapwing.receivables.models import OpenItem, Payment
from lapwing.subscriptions.models import LicenseChangeLog, Subscription, SubscriptionAction

EACH_AT_MOST = 60  # of one sort; the newest


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `order` sorts within a day: what follows stands above what it follows from."""

    on: date
    order: int
    sort: str
    text: str
    state: str = ""
    by: str = ""
    detail: str = ""
    run: int | None = None
    job: int | None = None
    amount_minor: int | None = None


def timeline(subscription: Subscription) -> list[Entry]:
    """One query for each sort of entry."""
    entries = [
        *_actions(subscription),
        *_license_changes(subscription),
        *_invoices(subscription),
        *_payments(subscription),
        *_jobs(subscription),
    ]
    return sorted(entries, key=lambda entry: (entry.on, entry.order), reverse=True)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _day(day: date | None) -> str:
    return day.strftime("%-d %b %Y") if day else ""


def _actions(subscription: Subscription) -> Iterator[Entry]:
    actions = SubscriptionAction.objects.filter(subscription=subscription.pk).select_related("action_type")
    for action in actions.order_by("-pk")[:EACH_AT_MOST]:
        moved = (
            f"{_words(action.from_state).lower()} → {_words(action.to_state).lower()}"
            if action.from_state
            else ""
        )
        grace = (
            f"grace until {_day(action.grace_end_on)}"
            if action.grace_open and not action.grace_was_open
            else ""
        )
        yield Entry(
            on=action.executed_on or action.scheduled_on or action.requested_at.date(),
            order=30,
            sort="action",
            text=f"{_words(action.behaviour)}" + (f" ({action.action_type})" if action.action_type else ""),
            state=action.state,
            by=action.requested_by,
            detail="; ".join(filter(None, (moved, grace, action.reason, action.rejection))),
            run=action.run_id,
        )


def _license_changes(subscription: Subscription) -> Iterator[Entry]:
    changes = LicenseChangeLog.objects.filter(subscription=subscription.pk).order_by("-pk")
    for change in changes[:EACH_AT_MOST]:
        yield Entry(
            on=change.effective_on,
            order=40,
            sort="license change",
            text=f"{_words(change.event)}: quantity {change.quantity}",
            state=change.provisioning_status,
            by=change.recorded_by,
            detail=": ".join(filter(None, (change.provisioning_code, change.provisioning_message))),
            run=change.run_id,
        )


def _invoices(subscription: Subscription) -> Iterator[Entry]:
    invoices = OpenItem.objects.filter(account=subscription.account_id).order_by("-due_on", "-pk")
    for invoice in invoices[:EACH_AT_MOST]:
        yield Entry(
            on=invoice.due_on,
            order=10,
            sort="invoice due",
            text=invoice.number,
            state="settled" if not invoice.unsettled_minor else "disputed" if invoice.disputed else "",
            detail="" if not invoice.unsettled_minor else "unsettled",
            amount_minor=invoice.unsettled_minor or invoice.total_minor,
        )


def _payments(subscription: Subscription) -> Iterator[Entry]:
    payments = Payment.objects.filter(account=subscription.account_id).order_by("-pk")
    for payment in payments[:EACH_AT_MOST]:
        yield Entry(
            on=payment.received_on,
            order=20,
            sort="payment",
            text=payment.reference,
            state=payment.state,
            detail=f"for {payment.invoice_number}" if payment.invoice_number else "",
            amount_minor=payment.amount_minor,
        )


def _jobs(subscription: Subscription) -> Iterator[Entry]:
    """By the business day on which they were asked for; their attempts are stamped by the machine's clock."""
    zone = organisation().zone
    for job in newest_jobs(subject=subscription.number, limit=EACH_AT_MOST):
        if job.subject_kind == "run":
            continue
        yield Entry(
            on=job.created_at.astimezone(zone).date(),
            order=50,
            sort="job",
            text=_words(job.type),
            state=str(job.status),
            by=job.requested_by,
            detail=job.result_code,
            job=job.pk,
        )
