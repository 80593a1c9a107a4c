"""The set-based twin of `perform`: one behaviour for all subscriptions that a queryset chooses, in a few statements."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Value

from lapwing.core.context import actor
from lapwing.core.sql import insert_select, text
from lapwing.subscriptions.license_changes import log_changes, services_event
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from lapwing.subscriptions.queries import actions_of_run
from lapwing.subscriptions.states import SUBSCRIPTION


class CountsDiffer(RuntimeError):
    """As many states must change as actions were written; the transaction is rolled back."""


@dataclass(frozen=True)
class MassAction:
    """What is done to each of the chosen, by which run."""

    run_id: int
    behaviour: str
    from_state: str
    reason_code: str
    reason: str
    at: datetime
    on: date
    action_type_id: int | None = None
    sub_action_type_id: int | None = None
    # What becomes of the grace interval: left as it is (None), closed or opened again.
    grace_open: bool | None = None
    reactivates: bool = False

    @property
    def to_state(self) -> str:
        return SUBSCRIPTION.target(self.from_state, self.behaviour, "chosen by the run")


def perform_many(chosen: QuerySet, mass: MassAction, keys: Q) -> int:
    """Writes an action for each chosen subscription and changes exactly those; returns how many. Where services go on
    or off and somebody has to be told, license changes and their jobs are written too.

    `chosen` yields locked subscriptions with every condition in the query itself, so that an action is written
    only for a row that passes in that same statement. `keys` is the range of keys it lies in.
    """
    written = insert_select(SubscriptionAction, _action_columns(mass), chosen)
    if written:
        acted = actions_of_run(mass.run_id).filter(_keys_of_actions(keys))
        # Of another batch of the run in the same range of keys, whoever was acted on has left `from_state`.
        unchanged = Subscription.objects.filter(keys, life_cycle_state=mass.from_state)
        changed = unchanged.filter(pk__in=acted.values("subscription")).update(**_changes(mass))
        if changed != written:
            raise CountsDiffer(f"run {mass.run_id}: {written} actions written, {changed} states changed")
        if event := services_event(mass.from_state, mass.to_state):
            log_changes(acted, event, run_id=mass.run_id, keys=_keys_of_actions(keys))
    return written


def _keys_of_actions(keys: Q) -> Q:
    return Q(*((name.replace("pk", "subscription", 1), value) for name, value in keys.children))


def _action_columns(mass: MassAction) -> dict[str, Any]:
    return {
        "subscription": F("pk"),
        "revision": F("revision") + 1,
        "behaviour": text(mass.behaviour),
        "action_type": mass.action_type_id,
        "sub_action_type": mass.sub_action_type_id,
        "state": text("executed"),
        "from_state": text(mass.from_state),
        "to_state": text(mass.to_state),
        "grace_was_open": F("grace_open"),
        "grace_open": F("grace_open") if mass.grace_open is None else mass.grace_open,
        "grace_start_on": F("grace_start_on"),
        "grace_end_on": F("grace_end_on"),
        "quantity": F("quantity"),
        "value": text(""),
        "reason_code": text(mass.reason_code),
        "reason": text(mass.reason),
        "rejection": text(""),
        "run_id": mass.run_id,
        "requested_by": text(actor()),
        "requested_at": mass.at,
        "executed_at": mass.at,
        "executed_on": mass.on,
    }


def _changes(mass: MassAction) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "life_cycle_state": mass.to_state,
        "revision": F("revision") + 1,
        "updated_at": mass.at,
        "updated_by": Value(actor()),
    }
    if mass.grace_open is not None:
        changes["grace_open"] = mass.grace_open
    if mass.reactivates:
        changes["reactivated_on"] = mass.on
    return changes
