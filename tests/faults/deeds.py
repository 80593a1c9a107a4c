"""What children do, each in a process of its own: small programs over the product's own actions."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from lapwing.core import failpoints
from lapwing.core.context import acting_as
from lapwing.core.invariants import all_invariants
from lapwing.receivables.actions.dispute_invoice import dispute_invoice
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.post_payment import announce_payment, post_payment
from lapwing.runs.actions import start_run, steer_run, submit, undo_run
from lapwing.runs.execution import CarryOut, InProcess, carry_on
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run
from lapwing.runs.scheduling import tick as tick_once
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from tests import world
from tests.conftest import R, set_up_organisation
from tests.faults import children, defects

CODE = "NGC"
DEBT_MINOR = 5000
DAILY = {"method": "repeat", "start": "2015-03-01T02:00:00", "every": 1, "unit": "days"}


def preload() -> None:
    """Imports what a child would import, so that each child begins at once."""
    kinds.get("deactivate_in_grace")
    all_invariants()


break_on_purpose = defects.break_on_purpose


# What the bases hold.


def build_empty() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    set_up_organisation()


@transaction.atomic
def build_base(subscriptions: int) -> None:
    """Accounts with one subscription in grace and 50.00 overdue each; every seventh is on hold and every eleventh
    disputes its invoice, so that runs also have whom to leave alone.
    """
    world.in_debt(subscriptions)
    for number in range(7, subscriptions + 1, 7):
        hold_account(f"A{number}", until=R, reason="asked for time")
    for number in range(11, subscriptions + 1, 11):
        dispute_invoice(_invoice(f"A{number}"), reason="not ordered")
    world.define()


@transaction.atomic
def build_debtors(accounts: int) -> None:
    """Accounts of which each would be cut off, unless something happens."""
    world.in_debt(accounts)
    world.define()


def build_plan() -> None:
    """The same definition with a daily schedule, planned; with a throttle, as `lapwing` itself can be told."""
    world.define(schedule=DAILY, throttle={"max_batch_size": 20})
    submit.submit(CODE)


def change_some(run_id: int, every: int) -> int:
    """A person brings some of those that a run cut off back, so that an undo has whom to leave alone."""
    done = SubscriptionAction.objects.filter(run_id=run_id).order_by("subscription")
    numbers = [action.subscription.number for action in done.select_related("subscription")[::every]]
    for number in numbers:
        perform(number, "activate_subscription", reason="promised by telephone")
    return len(numbers)


def in_batches_of(size: int) -> None:
    kinds.get("deactivate_in_grace").batch_size = size


# Runs.


def start() -> int:
    return start_run.start_run(CODE).pk


def freeze_only(run_id: int, batch_size: int) -> int:
    """Selects, and does no batch yet; returns how many batches there are."""
    in_batches_of(batch_size)
    carry_on(run_id, stop=lambda: Run.objects.filter(pk=run_id, frozen_at__isnull=False).exists())
    return Run.objects.get(pk=run_id).batches.count()


def undo(run_id: int) -> int:
    return undo_run.undo_run(run_id).pk


def conduct(run_id: int, batch_size: int, pace: Sequence[int] = (), breath_s: float = 0) -> dict[str, Any]:
    """Resumes a run and carries it out; tells the group how many batches it has begun.

    Before the n-th batch it waits until pace[n - 1] accounts were touched by the others, and then up to `breath_s`.
    """
    in_batches_of(batch_size)
    steer_run.resume_run(run_id)
    carrier = Telling(pace, breath_s)
    carry_on(run_id, carrier=carrier)
    children.group.tell(children.BEGUN, 255)
    run = Run.objects.get(pk=run_id)
    return {
        "state": str(run.state),
        "code": run.code,
        "description": run.description,
        "carried": carrier.carried,
    }


class Telling(InProcess):
    """Counts its batches, and keeps pace with the others of its group."""

    def __init__(self, pace: Sequence[int], breath_s: float) -> None:
        self.begun, self.carried, self._pace, self._breath_s = 0, 0, pace, breath_s

    def carry(self, run: Run, step: CarryOut) -> bool:
        if self.begun < len(self._pace):
            _wait_for(children.TOUCHED, self._pace[self.begun])
        self.begun += 1
        children.group.tell(children.BEGUN, self.begun)
        time.sleep(random.uniform(0, self._breath_s))
        did = super().carry(run, step)
        self.carried += did
        return did


def tick(batch_size: int) -> dict[str, Any]:
    in_batches_of(batch_size)
    with acting_as("system"):
        return tick_once()


def cancel(run_id: int) -> str:
    return str(steer_run.cancel_run(run_id).state)


def conduct_with_a_stall(run_id: int, batch_size: int, seconds: float, breath_s: float) -> dict[str, Any]:
    """Stalls where the failpoint says, for so long."""
    failpoints.STALL_S = seconds
    return conduct(run_id, batch_size, breath_s=breath_s)


def pause_and_watch(run_id: int, after_batches: int, watch_s: float, delay_s: float = 0) -> dict[str, Any]:
    """Pauses a run under way, so long after a batch began, and looks at the actions the moment the pause returns, and
    for some time after.
    """
    _wait_for(children.BEGUN, after_batches)
    time.sleep(delay_s)
    state = str(steer_run.pause_run(run_id).state)
    actions = SubscriptionAction.objects.filter(run_id=run_id)
    at_once = actions.count()
    ends = time.monotonic() + watch_s
    later = at_once
    while time.monotonic() < ends and later == at_once:
        time.sleep(0.02)
        later = actions.count()
    return {"state": state, "at_once": at_once, "later": later}


# What customers and clerks do meanwhile.


def interfere(plan: list[tuple[str, int, float]], what: str) -> list[tuple[str, str]]:
    """For each (account, batch, seconds) does one thing to the account, so long after that batch began; returns for
    each the state of its subscription that it saw under the account's lock.
    """
    act, seen = INTERFERENCES[what], []
    began: dict[int, float] = {}
    for account, batch, delay_s in plan:
        _wait_for(children.BEGUN, batch)
        time.sleep(max(began.setdefault(batch, time.monotonic()) + delay_s - time.monotonic(), 0))
        with transaction.atomic():
            act(account)
            found = seen_state(account)
        seen.append((account, found))
        children.group.tell(children.TOUCHED, len(seen))
    return seen


def seen_state(account: str) -> str:
    """Read after the account was locked: whoever acts on the subscription has done so before, or waits for us."""
    return Subscription.objects.values_list("life_cycle_state", flat=True).get(account__number=account)


def pay(account: str) -> None:
    post_payment(account, DEBT_MINOR, reference=f"P-{account}")


def announce(account: str) -> None:
    announce_payment(account, DEBT_MINOR, reference=f"D-{account}")


def hold(account: str) -> None:
    hold_account(account, until=R, reason="called us")


def dispute(account: str) -> None:
    dispute_invoice(_invoice(account), reason="wrong amount")


INTERFERENCES: dict[str, Callable[[str], Any]] = {
    "pay": pay,
    "announce": announce,
    "hold": hold,
    "dispute": dispute,
}


def _invoice(account: str) -> str:
    return f"I-{account}-{world.OVERDUE}-{DEBT_MINOR}"


def _wait_for(counter: int, value: int) -> None:
    ends = time.monotonic() + 20
    while children.group.at(counter) < value and time.monotonic() < ends:
        time.sleep(0.000_2)


# Looking.


def verify() -> list[str]:
    """What `lapwing verify` finds."""
    return [f"{each.name}: {line}" for each in all_invariants() for line in each.find()]


def drop_guard(model: str, name: str) -> None:
    _edit_guard(model, name, "remove_constraint")


def put_guard_back(model: str, name: str) -> None:
    _edit_guard(model, name, "add_constraint")


def _edit_guard(model: str, name: str, verb: str) -> None:
    found = {"action": SubscriptionAction, "run": Run}[model]
    guard = next(each for each in found._meta.constraints if each.name == name)
    with connection.schema_editor() as editor:
        getattr(editor, verb)(found, guard)


def step_by_step(run_id: int, database: str) -> dict[str, Any]:
    from tests.faults import stepping

    return stepping.step_by_step(run_id, database)
