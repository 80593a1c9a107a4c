"""Why a subscription is in the state it is in: back to the action, the run, the version and the debt of that day."""

from typing import Any

from lapwing.receivables.models import OpenItem
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run, RunItem
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from lapwing.subscriptions.queries import deciding_action, history, subscription


def why(number: str) -> dict[str, Any]:
    """Everything as plain data, the deciding action first told in one sentence."""
    found = subscription(number)
    actions = history(found.pk)
    told = [_tell(action) for action in actions]
    deciding = next((each for each in told if each["from_state"] != each["to_state"]), None)
    return {
        "subscription": found.number,
        "account": found.account.number,
        "customer": found.account.customer.name,
        "state": found.life_cycle_state,
        "services_on": found.services_on,
        "because": _sentence(found.number, deciding) if deciding else "it has no actions",
        "action": deciding,
        "planned": [
            {
                "behaviour": action.behaviour,
                "on": action.scheduled_on.isoformat(),
                "requested_by": action.requested_by,
            }
            for action in found.actions.filter(state="scheduled").order_by("scheduled_on")
        ],
        "history": told,
    }


def decided_by(found: Subscription) -> dict[str, Any] | None:
    """The action that brought a subscription into its state, as `why` tells it; None where there is none."""
    deciding = deciding_action(found.pk)
    return _tell(deciding) if deciding else None


def _tell(action: SubscriptionAction) -> dict[str, Any]:
    run = Run.objects.select_related("definition", "version").filter(pk=action.run_id).first()
    return {
        "on": action.executed_on.isoformat() if action.executed_on else None,
        "behaviour": action.behaviour,
        "from_state": action.from_state,
        "to_state": action.to_state,
        "grace": f"{action.grace_start_on} to {action.grace_end_on}" if action.grace_end_on else None,
        "grace_open": action.grace_open,
        "requested_by": action.requested_by,
        "reason_code": action.reason_code or None,
        "reason": action.reason or None,
        "action_type": str(action.action_type) if action.action_type else None,
        "run": _tell_run(run, action) if run else None,
    }


def _tell_run(run: Run, action: SubscriptionAction) -> dict[str, Any]:
    of_actions = kinds.get(run.definition.kind).subject_kind == "action"
    subject = action.pk if of_actions else action.subscription_id
    item = RunItem.objects.filter(run_id=run.pk, subject_id=subject).first()
    return {
        "run": run.pk,
        "item": subject,
        "definition": run.definition.alternative_code,
        "name": run.definition.name,
        "version": run.version.version,
        "nominal_date": run.nominal_on.isoformat(),
        "undo_of": run.undo_of_id,
        "approved_by": run.approved_by or None,
        "amount_minor": item.amount_minor if item else 0,
        "currency": item.currency if item else None,
        "debt": debt_of(item) if item else [],
    }


def debt_of(item: RunItem) -> list[dict[str, Any]]:
    """The open items that the item's amount was made of on the day it was frozen, by due date."""
    words = (word.partition(":") for word in item.evidence.split())
    amounts = {int(key): int(minor) for key, _, minor in words}
    found = OpenItem.objects.filter(pk__in=amounts).order_by("due_on", "number")
    return [
        {
            "invoice": open_item.number,
            "due_on": open_item.due_on.isoformat(),
            "unsettled_minor": amounts[open_item.pk],
        }
        for open_item in found
    ]


def _sentence(number: str, action: dict[str, Any]) -> str:
    words = f"{number} became {action['to_state']} on {action['on']} by {action['behaviour']}"
    run = action["run"]
    if run is None:
        return f"{words}, asked for by {action['requested_by']}" + (
            f": {action['reason']}" if action["reason"] else ""
        )
    told = f"{words} of run {run['run']} ({run['definition']} version {run['version']}, for {run['nominal_date']})"
    return f"{told}: {action['reason']}" if run["undo_of"] else told
