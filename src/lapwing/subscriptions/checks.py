"""What must be so of subscriptions: each one's state is what its last action left, and the actions form one line."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, Sum, Value, Window
from django.db.models.functions import Lag

from lapwing.core.invariants import invariant
from lapwing.jobs.models import Job
from lapwing.jobs.states import OPEN
from lapwing.subscriptions.models import BillingTerm, LicenseChangeLog, Subscription, SubscriptionAction
from lapwing.subscriptions.provider_jobs import change_key_of
from lapwing.subscriptions.states import SUBSCRIPTION

_SAME = Q(
    to_state=OuterRef("life_cycle_state"),
    grace_open=OuterRef("grace_open"),
    quantity=OuterRef("quantity"),
)


@invariant("a subscription's state, grace and quantity are what its last action left")
def subscriptions_follow_from_their_actions() -> Iterator[str]:
    last = SubscriptionAction.objects.filter(
        subscription=OuterRef("pk"), revision=OuterRef("revision"), state="executed"
    )
    same_grace = last.filter(
        Q(grace_end_on=OuterRef("grace_end_on"), grace_start_on=OuterRef("grace_start_on"))
        | (
            Q(grace_end_on__isnull=True)
            & Q(Exists(Subscription.objects.filter(pk=OuterRef(OuterRef("pk")), grace_end_on__isnull=True)))
        ),
        _SAME,
    )
    for subscription in Subscription.objects.filter(~Exists(same_grace)).iterator():
        yield (
            f"subscription {subscription.number} is {subscription.life_cycle_state}, revision "
            f"{subscription.revision}, which does not follow from its actions"
        )


@invariant(
    "executed actions number the revisions 1, 2, 3 …, each from the state the one before left, by a legal move"
)
def actions_form_one_line() -> Iterator[str]:
    executed = SubscriptionAction.objects.filter(state="executed")
    window = {"partition_by": [F("subscription")], "order_by": "revision"}
    lined = executed.annotate(
        revision_before=Window(Lag("revision", default=Value(0)), **window),
        state_before=Window(Lag("to_state", default=Value("")), **window),
    )
    broken = lined.exclude(revision=F("revision_before") + 1, from_state=F("state_before"))
    columns = ("subscription", "revision", "behaviour", "from_state", "state_before", "revision_before")
    for number, revision, behaviour, source, state, before in broken.values_list(*columns).iterator():
        yield (
            f"subscription key {number}: action {revision} ({behaviour}) from {source!r} follows action {before}, "
            f"which left {state!r}"
        )
    moves = (
        executed.exclude(behaviour="opening").values_list("from_state", "behaviour", "to_state").distinct()
    )
    for source, behaviour, target in moves.order_by():
        if SUBSCRIPTION.table.get((source, behaviour)) != target:
            yield f"some action {behaviour} led from {source} to {target}, which is no legal move"


@invariant("no subscription has actions beyond its revision, and no action is of an unknown subscription")
def actions_belong_to_subscriptions() -> Iterator[str]:
    known = Subscription.objects.filter(pk=OuterRef("subscription"), revision__gte=OuterRef("revision"))
    executed = SubscriptionAction.objects.filter(state="executed")
    for action in executed.filter(~Exists(known)).iterator():
        yield f"action {action.pk} (revision {action.revision}) belongs to no subscription of that revision"


@invariant("each deactivation has a run or a person")
def deactivations_have_an_author() -> Iterator[str]:
    nobody = SubscriptionAction.objects.filter(behaviour="deactivate_subscription", requested_by="")
    for action in nobody.iterator():
        yield f"action {action.pk} deactivated subscription key {action.subscription_id}, asked for by nobody"


@invariant("no two billing terms of a subscription overlap")
def billing_terms_do_not_overlap() -> Iterator[str]:
    window = {"partition_by": [F("subscription")], "order_by": "valid_from"}
    terms = BillingTerm.objects.annotate(
        number=F("subscription__number"),
        earlier=Window(Lag("pk"), **window),
        ended=Window(Lag("valid_to"), **window),
    )
    late = terms.filter(earlier__isnull=False).filter(Q(ended__isnull=True) | Q(ended__gte=F("valid_from")))
    for number, start in late.values_list("number", "valid_from").iterator():
        yield f"subscription {number}: the billing term from {start} overlaps the one before"


@invariant("a subscription's quantity is the sum of its license changes")
def quantities_are_sums() -> Iterator[str]:
    changes = LicenseChangeLog.objects.filter(subscription=OuterRef("pk")).order_by().values("subscription")
    summed = Subscription.objects.annotate(
        total=changes.annotate(total=Sum("quantity_delta")).values("total")
    )
    for subscription in summed.exclude(total=F("quantity")).iterator():
        found = f"quantity {subscription.quantity}, its changes sum to {subscription.total}"
        yield f"subscription {subscription.number}: {found}"
    for subscription in summed.filter(total=None).iterator():
        yield f"subscription {subscription.number} has no license change"


@invariant("a license change belongs to a revision of a subscription, and a provisioned one says when")
def license_changes_belong() -> Iterator[str]:
    known = Subscription.objects.filter(pk=OuterRef("subscription"), revision__gte=OuterRef("revision"))
    of_actions = LicenseChangeLog.objects.filter(revision__isnull=False)
    for change in of_actions.filter(~Exists(known)).iterator():
        yield f"license change {change.pk} belongs to no revision of a subscription"
    for change in LicenseChangeLog.objects.filter(provisioning_status="provisioned", provisioned_at=None):
        yield f"license change {change.pk} is provisioned, but not when"


@invariant("each license change that waits for its provider has a job that is to tell it")
def awaiting_changes_have_a_job() -> Iterator[str]:
    open_jobs = Job.objects.filter(
        deduplication_key=change_key_of(OuterRef("pk")), status__in=(*OPEN, "cancelled")
    )
    awaiting = LicenseChangeLog.objects.filter(provisioning_status="awaiting")
    for change in awaiting.filter(~Exists(open_jobs)).select_related("subscription").iterator():
        yield f"license change {change.pk} of subscription {change.subscription.number} waits, but no job tells it"
