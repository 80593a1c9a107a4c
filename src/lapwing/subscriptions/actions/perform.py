"""Performs one action on one subscription, now or on a day to come."""

from datetime import date

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.behaviours import Behaviour
from lapwing.catalog.queries import action_types
from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.core.sql import lock_in_key_order
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require, today
from lapwing.receivables.models import Account
from lapwing.subscriptions.amendments import amend
from lapwing.subscriptions.license_changes import is_told, log_change, services_event
from lapwing.subscriptions.models import Event, Subscription, SubscriptionAction
from lapwing.subscriptions.queries import subscription as find
from lapwing.subscriptions.states import (
    ACTION,
    CLOSES_GRACE,
    NEEDS_TO,
    NEEDS_UNTIL,
    SUBSCRIPTION,
    State,
)

PLANNED_AS = ("behaviour", "action_type_id", "sub_action_type_id", "until_on", "value")


@transaction.atomic
def perform(
    number: str,
    behaviour: str,
    *,
    on: date | None = None,
    until: date | None = None,
    to: str = "",
    action_type: str = "",
    sub_action_type: str = "",
    reason: str = "",
    seen_revision: int | None = None,
) -> SubscriptionAction:
    """`on` in the future plans the action; the run kind execute_scheduled_actions carries it out that day.
    `seen_revision` is that of the subscription as the person looked at it.

    Raises Refused `unknown_behaviour`, `illegal_transition`, `until_missing`, `to_missing`, `in_the_past`,
    `changed_meanwhile`.
    """
    require(Permission.CHANGE_SUBSCRIPTIONS)
    if behaviour not in Behaviour.values or behaviour == Behaviour.OPENING:
        known = ", ".join(value for value in Behaviour.values if value != Behaviour.OPENING)
        raise Refused("unknown_behaviour", f"there is no behaviour {behaviour!r}; known: {known}")
    kind, sub_kind = action_types(behaviour, action_type, sub_action_type)
    day = on or today()
    _check_arguments(number, behaviour, day, until, to)
    action = SubscriptionAction(
        behaviour=behaviour,
        action_type=kind,
        sub_action_type=sub_kind,
        until_on=until,
        value=to,
        reason=reason,
        requested_by=actor(),
        requested_at=clock.now(),
    )
    subscription = locked(number, moving_to=to if behaviour == Behaviour.CHANGE_ACCOUNT else "")
    if seen_revision not in (None, subscription.revision):
        raise Refused(
            "changed_meanwhile",
            f"subscription {number} has changed since that page was shown and is "
            f"{subscription.life_cycle_state.replace('_', ' ')} now; nothing was done: open it again and look",
        )
    if day > today():
        return _plan(subscription, action, day)
    execute(subscription, action)
    return action


def locked(number: str, *, moving_to: str = "") -> Subscription:
    """The subscription, locked after its account (and the account it moves to), in key order as runs do."""
    found = find(number)
    lock_in_key_order(Account.objects.filter(pk=found.account_id) | Account.objects.filter(number=moving_to))
    locked_rows = Subscription.objects.select_for_update(of=("self",))
    return locked_rows.select_related("account", "provider", "product").get(pk=found.pk)


def execute(
    subscription: Subscription,
    action: SubscriptionAction,
    *,
    source: str = "action",
    effective_on: date | None = None,
) -> None:
    """Carries an action out on a locked subscription and writes what it was before and after; what the provider must
    know of it is a license change from `source`, effective today unless it was due on an earlier day.
    """
    before, quantity, product_id = (
        subscription.life_cycle_state,
        subscription.quantity,
        subscription.product_id,
    )
    after = SUBSCRIPTION.target(before, action.behaviour, subscription.number)
    day = today()
    _check_arguments(subscription.number, action.behaviour, day, action.until_on, action.value)
    action.subscription, action.from_state, action.to_state = subscription, before, after
    action.grace_was_open = subscription.grace_open
    subscription.revision += 1
    subscription.life_cycle_state = after
    if action.behaviour in NEEDS_TO:
        amend(subscription, action.behaviour, action.value, day)
    else:
        _change_grace_and_dates(subscription, action, day)
    subscription.save()
    action.revision = subscription.revision
    action.grace_open = subscription.grace_open
    action.grace_start_on, action.grace_end_on = subscription.grace_start_on, subscription.grace_end_on
    action.quantity = subscription.quantity
    action.state = "executed" if not action.state else ACTION.target(action.state, "execute", str(action.pk))
    action.executed_at, action.executed_on = clock.now(), day
    action.save()
    event = services_event(before, after) if is_told(subscription) else None
    if event is None and (quantity, product_id) != (subscription.quantity, subscription.product_id):
        event = Event.UPDATE
    if event:
        log_change(
            subscription,
            event,
            quantity_delta=subscription.quantity - quantity,
            revision=action.revision,
            source=source,
            run_id=action.run_id,
            effective_on=effective_on,
        )
    record(
        f"subscription.{action.behaviour}",
        kind="subscription",
        subject_id=subscription.pk,
        subject=subscription.number,
        reason=action.reason,
        before={"state": before, "grace_open": action.grace_was_open},
        after={
            "state": after,
            "grace_open": subscription.grace_open,
            "revision": action.revision,
            "until": action.until_on.isoformat() if action.until_on else None,
            "to": action.value,
        },
        run_id=action.run_id,
    )


def _check_arguments(number: str, behaviour: str, day: date, until: date | None, to: str) -> None:
    words = behaviour.replace("_", " ")
    if day < today():
        raise Refused(
            "in_the_past", f"{words} of subscription {number} cannot be done on {day}: that day has passed"
        )
    if behaviour in NEEDS_UNTIL and until is None:
        raise Refused("until_missing", f"{words} of subscription {number} needs a last day (until)")
    if until is not None and until < day:
        raise Refused("until_too_early", f"{words} of subscription {number} cannot end {until}, before {day}")
    if behaviour in NEEDS_TO and not to:
        raise Refused("to_missing", f"{words} of subscription {number} needs a new value: --to VALUE")


def _plan(subscription: Subscription, action: SubscriptionAction, day: date) -> SubscriptionAction:
    """Asked twice, it is planned once: whoever takes it back takes it back."""
    if subscription.life_cycle_state not in {source for source, _ in SUBSCRIPTION.table}:
        SUBSCRIPTION.target(subscription.life_cycle_state, action.behaviour, subscription.number)
    planned = SubscriptionAction.objects.filter(
        subscription=subscription, scheduled_on=day, state="scheduled"
    )
    last = planned.order_by("-pk").first()
    if last and all(getattr(last, name) == getattr(action, name) for name in PLANNED_AS):
        return last
    action.subscription, action.scheduled_on, action.state = subscription, day, "scheduled"
    action.save()
    record(
        "subscription.plan_action",
        kind="subscription",
        subject_id=subscription.pk,
        subject=subscription.number,
        reason=action.reason,
        after={"behaviour": action.behaviour, "on": day.isoformat(), "action": action.pk},
    )
    return action


def _change_grace_and_dates(subscription: Subscription, action: SubscriptionAction, day: date) -> None:
    subscription.until_on = None if action.behaviour == Behaviour.EXTEND_GRACE else action.until_on
    if action.behaviour == Behaviour.EXTEND_GRACE:
        subscription.grace_start_on, subscription.grace_end_on = day, action.until_on
        subscription.grace_open, subscription.grace_revision = True, subscription.revision
    elif action.behaviour in CLOSES_GRACE:
        subscription.grace_open = False
    came_back = action.from_state == State.NOT_EFFECTIVE and action.to_state == State.EFFECTIVE
    if came_back:
        subscription.reactivated_on = day
