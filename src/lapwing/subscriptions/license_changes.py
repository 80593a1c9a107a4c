"""Writes license changes in the transaction of the action that makes them, and asks for whoever tells the provider.

A change waits for the one before it of its subscription. A deactivation waits only until that one has ended at all:
a failed change must not keep a service on.
"""

from datetime import date
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat, JSONObject

from lapwing.catalog.models import TOLD, Provider, ProviderKind
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.sql import insert_select, insert_select_new, text
from lapwing.identity.queries import today
from lapwing.jobs.actions.enqueue import enqueue, enqueue_from
from lapwing.jobs.links import follow_many
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import Job, JobLink
from lapwing.jobs.states import OPEN, Status
from lapwing.subscriptions.models import (
    Event,
    LicenseChangeLog,
    Provisioning,
    Subscription,
    SubscriptionAction,
)
from lapwing.subscriptions.states import SERVICES_ON

JOB_OF = {ProviderKind.AUTOMATIC: "sync_license_change_log", ProviderKind.MANUAL: "manual_provider_reminder"}


def change_key(change_id: int | str) -> str:
    """The deduplication key of the job that tells a change; also what the provider knows the change by."""
    return f"lcl {change_id}"


def change_key_of(column: str | OuterRef) -> Concat:
    """The same in a query; `column` is the key of the change."""
    return Concat(Value(change_key("")), Cast(column, CharField()), output_field=CharField())


def log_change(
    subscription: Subscription,
    event: str,
    *,
    quantity_delta: int = 0,
    unit_price: Any = None,
    revision: int | None,
    source: str,
    run_id: int | None = None,
) -> LicenseChangeLog:
    """One change of a locked subscription, as it is after it, with its job where somebody has to be told."""
    kind = subscription.provider.kind if subscription.provider else ProviderKind.NONE
    told = kind in TOLD and source != "provider" and event != Event.PRICE
    change = LicenseChangeLog.objects.create(
        subscription=subscription,
        revision=revision,
        event=event,
        quantity_delta=quantity_delta,
        quantity=subscription.quantity,
        active=subscription.services_on,
        product=subscription.product,
        unit_price=unit_price,
        effective_on=today(),
        source=source,
        run_id=run_id,
        provisioning_status=Provisioning.AWAITING if told else Provisioning.NOT_APPLICABLE,
        recorded_by=actor(),
        recorded_at=clock.now(),
    )
    if told and subscription.provider:
        _ask(change, subscription, subscription.provider)
    return change


def _ask(change: LicenseChangeLog, subscription: Subscription, provider: Provider) -> None:
    job_type = JOB_OF[ProviderKind(provider.kind)]
    job = enqueue(
        job_type,
        subject_kind="subscription",
        subject_id=subscription.pk,
        subject=subscription.number,
        parameters={"license_change": change.pk},
        key=change_key(change.pk),
        lane=provider.code,
    )
    before = Job.objects.filter(subject=subscription.number, type=job_type, pk__lt=job.pk)
    if first := before.filter(status__in=_HOLD_UP).order_by("-pk").first():
        _wait([(first.pk, job.pk)], change.event)


# A change whose job was cancelled or failed holds the later ones up too; `follow_many` knows which of them.
_HOLD_UP = (*OPEN, Status.FAILED, Status.CANCELLED)


def _wait(pairs: list[tuple[int, int]], event: str) -> None:
    """Lets each job wait for the one before; a deactivation does not wait for its next try."""
    deactivates = event == Event.DEACTIVATE
    if deactivates:
        earlier = Job.objects.filter(pk__in=[first for first, _ in pairs], status=Status.RETRY)
        earlier.update(scheduled_for=machine_now())
    follow_many(pairs, at_any_end=deactivates)


def log_changes(acted: QuerySet[SubscriptionAction], event: str, *, run_id: int, keys: Q) -> None:
    """The set-based twin: what a run did to the subscriptions in a range of keys, of which `acted` are the actions."""
    kinds = set(Provider.objects.filter(kind__in=TOLD).values_list("kind", flat=True))
    if not kinds:
        return
    columns = {
        "subscription": "subscription_id",
        "revision": "revision",
        "event": text(event),
        "quantity_delta": 0,
        "quantity": "quantity",
        "active": event == Event.ACTIVATE,
        "product": "subscription__product_id",
        "effective_on": today(),
        "source": text("run"),
        "run_id": "run_id",
        "provisioning_status": text(Provisioning.AWAITING),
        "provisioning_code": text(""),
        "provisioning_message": text(""),
        "provider_reference": text(""),
        "billing_status": text("active"),
        "recorded_by": text(actor()),
        "recorded_at": clock.now(),
    }
    if not insert_select_new(LicenseChangeLog, columns, acted.filter(subscription__provider__kind__in=TOLD)):
        return
    changes = LicenseChangeLog.objects.filter(keys, run_id=run_id, provisioning_status=Provisioning.AWAITING)
    for kind in sorted(kinds):
        told = changes.filter(subscription__provider__kind=kind)
        job_type = JOB_OF[ProviderKind(kind)]
        if enqueue_from(job_type, told, _JOB_COLUMNS):
            _wait_for_earlier(job_type, event, told)


_JOB_COLUMNS = {
    "subject_kind": text("subscription"),
    "subject_id": "subscription_id",
    "subject": "subscription__number",
    "lane": "subscription__provider__code",
    "parameters": JSONObject(license_change=F("pk")),
    "deduplication_key": change_key_of("pk"),
}


def _wait_for_earlier(job_type: str, event: str, told: QuerySet[LicenseChangeLog]) -> None:
    """Most subscriptions have no earlier change under way; the few that have are found by their open changes."""
    open_earlier = LicenseChangeLog.objects.filter(
        subscription=OuterRef("subscription"),
        pk__lt=OuterRef("pk"),
        provisioning_status__in=[Provisioning.AWAITING, Provisioning.FAILED],
    )
    second = told.filter(Exists(open_earlier)).annotate(key=_JOB_COLUMNS["deduplication_key"])
    numbers = second.values("subscription__number")
    new = Job.objects.filter(type=job_type, subject__in=numbers, deduplication_key__in=second.values("key"))
    earlier = Job.objects.filter(
        type=job_type, subject=OuterRef("subject"), pk__lt=OuterRef("pk"), status__in=_HOLD_UP
    )
    unlinked = new.filter(~Exists(JobLink.objects.filter(job_id=OuterRef("pk"))), attempt=0)
    pairs = unlinked.annotate(earlier=Subquery(earlier.order_by("-pk").values("pk")[:1])).values_list(
        "earlier", "pk"
    )
    if found := [(first, job_id) for first, job_id in pairs if first is not None]:
        _wait(found, event)


def log_creations(subscriptions: QuerySet[Subscription], on: date) -> int:
    """The first change of each subscription that came from elsewhere, where its provider has it already."""
    columns = {
        "subscription": "pk",
        "revision": "revision",
        "event": text(Event.CREATE),
        "quantity_delta": "quantity",
        "quantity": "quantity",
        "active": Case(When(life_cycle_state__in=SERVICES_ON, then=Value(True)), default=Value(False)),
        "product": "product_id",
        "effective_on": on,
        "source": text("import"),
        "provisioning_status": text(Provisioning.NOT_APPLICABLE),
        "provisioning_code": text(""),
        "provisioning_message": text(""),
        "provider_reference": text(""),
        "billing_status": text("active"),
        "recorded_by": text(actor()),
        "recorded_at": clock.now(),
    }
    return insert_select(LicenseChangeLog, columns, subscriptions)


def services_event(before: str, after: str) -> str | None:
    """Whether a move between two states switches services on or off."""
    if (before in SERVICES_ON) == (after in SERVICES_ON):
        return None
    return Event.ACTIVATE if after in SERVICES_ON else Event.DEACTIVATE
