"""Everything that happened to a subscription, or to an account, on one line of time, the latest first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from lapwing.audit.models import AuditEntry
from lapwing.backoffice.templatetags.lapwing import amount as to_words
from lapwing.backoffice.templatetags.lapwing import day as in_words
from lapwing.backoffice.templatetags.lapwing import job_label, words
from lapwing.identity.queries import organisation
from lapwing.jobs.queries import newest_jobs
from lapwing.messages.models import Email
from lapwing.messages.queries import emails_about
from lapwing.receivables.models import Account, OpenItem, Payment
from lapwing.receivables.queries import reminders_of
from lapwing.runs.queries import newest_items_of
from lapwing.subscriptions.models import LicenseChangeLog, Subscription, SubscriptionAction

EACH_AT_MOST = 60  # of one kind beside the others; the newest
ALONE_AT_MOST = 300  # of one kind that was chosen


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


def timeline(subscription: Subscription, kind: str = "") -> list[Entry]:
    """One query for each kind of entry; `kind` is one of KINDS, or '' for all."""
    return _merged(_OF_SUBSCRIPTION, subscription, kind)


def account_timeline(account: Account, kind: str = "") -> list[Entry]:
    """The same of an account; `kind` is one of KINDS_OF_ACCOUNT."""
    return _merged(_OF_ACCOUNT, account, kind)


@dataclass(frozen=True)
class Look:
    """How many of a kind are read, and the zone in which instants are days."""

    limit: int
    zone: ZoneInfo


Reader = Callable[[Any, Look], Iterator[Entry]]


def _merged(readers: Mapping[str, Reader], subject: Any, kind: str) -> list[Entry]:
    look = Look(ALONE_AT_MOST if kind else EACH_AT_MOST, organisation().zone)
    wanted = [readers[kind]] if kind else readers.values()
    entries = [entry for read in wanted for entry in read(subject, look)]
    return sorted(entries, key=lambda entry: (entry.on, entry.order), reverse=True)


def _words(name: str) -> str:
    return capfirst(words(name))


def _day(day: date | None) -> str:
    return in_words(day) if day else ""


def _actions(subscription: Subscription, look: Look) -> Iterator[Entry]:
    actions = SubscriptionAction.objects.filter(subscription=subscription.pk).select_related("action_type")
    for action in actions.order_by("-pk")[: look.limit]:
        moved = f"{words(action.from_state)} → {words(action.to_state)}" if action.from_state else ""
        grace = (
            _("grace until %(day)s") % {"day": _day(action.grace_end_on)}
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


def _license_changes(subscription: Subscription, look: Look) -> Iterator[Entry]:
    changes = LicenseChangeLog.objects.filter(subscription=subscription.pk).order_by("-pk")
    for change in changes[: look.limit]:
        yield Entry(
            on=change.effective_on,
            order=40,
            sort="license change",
            text=_("%(event)s: quantity %(quantity)s")
            % {"event": _words(change.event), "quantity": change.quantity},
            state=change.provisioning_status,
            by=change.recorded_by,
            detail=": ".join(filter(None, (change.provisioning_code, change.provisioning_message))),
            run=change.run_id,
        )


def _invoices(account_id: int, look: Look) -> Iterator[Entry]:
    invoices = OpenItem.objects.filter(account=account_id).order_by("-due_on", "-pk")
    for invoice in invoices[: look.limit]:
        yield Entry(
            on=invoice.due_on,
            order=10,
            sort="invoice due",
            text=invoice.number,
            state="settled" if not invoice.unsettled_minor else "disputed" if invoice.disputed else "",
            detail="" if not invoice.unsettled_minor else _("unsettled"),
            amount_minor=invoice.unsettled_minor or invoice.total_minor,
        )


def _payments(account_id: int, look: Look) -> Iterator[Entry]:
    for payment in Payment.objects.filter(account=account_id).order_by("-received_on", "-pk")[: look.limit]:
        named = _("for %(invoice)s") % {"invoice": payment.invoice_number} if payment.invoice_number else ""
        yield Entry(
            on=payment.received_on,
            order=20,
            sort="payment",
            text=payment.reference,
            state=payment.state,
            by=payment.created_by,
            detail="; ".join(filter(None, (named, payment.reason))),
            amount_minor=payment.amount_minor,
        )


def _jobs(subscription: Subscription, look: Look) -> Iterator[Entry]:
    """By the business day on which they were asked for; their attempts are stamped by the machine's clock."""
    for job in newest_jobs(subject=subscription.number, limit=look.limit):
        if job.subject_kind == "run":
            continue
        yield Entry(
            on=job.created_at.astimezone(look.zone).date(),
            order=50,
            sort="job",
            text=job_label(job.type),
            state=str(job.status),
            by=job.requested_by,
            detail=job.result_code,
            job=job.pk,
        )


def _runs(subscription: Subscription, look: Look) -> Iterator[Entry]:
    """Runs on whose frozen list it stood: what became of it there, also where nothing was done."""
    for run, item in newest_items_of("subscription", subscription.pk, look.limit):
        yield Entry(
            on=run.nominal_on,
            order=25,
            sort="run",
            text=_("On the list of %(name)s") % {"name": run.definition.name},
            state=item.outcome,
            by=run.submitted_by,
            detail=item.description or words(item.code),
            run=run.pk,
            amount_minor=item.amount_minor or None,
        )


def _emails(emails: Any, look: Look) -> Iterator[Entry]:
    for email in emails[: look.limit]:
        yield Entry(
            on=(email.sent_at or email.prepared_at).astimezone(look.zone).date(),
            order=60,
            sort="e-mail",
            text=email.subject_line,
            state=email.status,
            detail=_("to %(recipient)s") % {"recipient": email.recipient},
            job=email.job_id,
        )


def _emails_of_account(account: Account, look: Look) -> Iterator[Entry]:
    """About its newest invoices."""
    invoices = OpenItem.objects.filter(account=account).order_by("-pk").values_list("pk", flat=True)
    about = Email.objects.filter(subject_kind="invoice", subject_id__in=list(invoices[: look.limit]))
    yield from _emails(about.order_by("-prepared_at", "-pk"), look)


def _changes_of_account(account: Account, look: Look) -> Iterator[Entry]:
    """Holds, promises, states: as the audit kept them. Reminders are told by themselves."""
    kept = AuditEntry.objects.filter(subject_kind="account", subject_id=account.pk)
    for entry in kept.exclude(action="account.remind").order_by("-pk")[: look.limit]:
        told = [_value(name, value, account.currency) for name, value in entry.after.items() if value]
        yield Entry(
            on=entry.at.astimezone(look.zone).date(),
            order=40,
            sort="change",
            text=_words(entry.action.partition(".")[2]),
            by=entry.actor,
            detail="; ".join(told if entry.reason in ("", *entry.after.values()) else [*told, entry.reason]),
        )


def _value(name: str, value: Any, currency: str) -> str:
    if name.endswith("_minor"):
        return f"{words(name.removesuffix('_minor'))} {to_words(value, currency)}"
    return f"{words(name)} {words(value)}"


def _reminders(account: Account, look: Look) -> Iterator[Entry]:
    for reminder in reminders_of(account)[: look.limit]:
        text = _("Reminder %(level)s") % {"level": reminder.level}
        yield Entry(on=reminder.sent_on, order=30, sort="reminder", text=text, by=reminder.created_by)


_OF_SUBSCRIPTION: dict[str, Reader] = {
    "action": _actions,
    "license change": _license_changes,
    "invoice": lambda subscription, look: _invoices(subscription.account_id, look),
    "payment": lambda subscription, look: _payments(subscription.account_id, look),
    "run": _runs,
    "job": _jobs,
    "e-mail": lambda subscription, look: _emails(emails_about("subscription", subscription.pk), look),
}
_OF_ACCOUNT: dict[str, Reader] = {
    "invoice": lambda account, look: _invoices(account.pk, look),
    "payment": lambda account, look: _payments(account.pk, look),
    "reminder": _reminders,
    "change": _changes_of_account,
    "e-mail": _emails_of_account,
}
KINDS, KINDS_OF_ACCOUNT = list(_OF_SUBSCRIPTION), list(_OF_ACCOUNT)
