"""What must be so of subscriptions: each one's state is what its last action left, and the actions form one line."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, Value, Window
from django.db.models.functions import Lag

from lapwing.core.invariants import invariant
from lapwing.subscriptions.models import BillingTerm, Subscription, SubscriptionAction
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
