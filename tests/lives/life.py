"""One life in both worlds: the product and the reference take each step side by side and are then compared."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from django.db import OperationalError
from django.db.models import Count

from lapwing.core import clock
from lapwing.core.context import SYSTEM, acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.receivables.actions import (
    dispute_invoice,
    hold_account,
    post_payment,
    release_account,
    set_account_state,
)
from lapwing.receivables.models import Account, OpenItem
from lapwing.run_kinds.subscription_kind import SubscriptionKind
from lapwing.runs import batches, execution, freeze, scheduling
from lapwing.runs.actions import (
    apply_definition,
    approve_run,
    change_definition,
    start_run,
    steer_run,
    submit,
    undo_run,
)
from lapwing.runs.kinds import Batch
from lapwing.runs.models import DefinitionVersion, Run, RunItem
from lapwing.runs.outcomes import with_outcome
from lapwing.runs.states import DefinitionState
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from tests.conftest import set_up_organisation
from tests.lives import reference as plain
from tests.lives.reference import Faults, Killed, Reference, Refusal
from tests.world import faults, make_account, make_subscription, owe

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2015, 3, 27, 11, tzinfo=UTC)  # noon of a Friday; the clocks change on the Sunday
GRACE_START = date(2015, 2, 20)

INVOICES = {  # account: (number, cents, due)
    "A1": [("I1", 3000, date(2015, 3, 1)), ("I1b", 2000, date(2015, 4, 1))],
    "A2": [("I2", 5000, date(2015, 3, 1))],
    "A3": [("I3", 5000, date(2015, 3, 1))],
    "A4": [("I4", 5000, date(2015, 3, 1)), ("I4b", 1000, date(2015, 3, 2))],
    "A5": [("I5", 5000, date(2015, 3, 28))],
    "A6": [("I6", 5000, date(2015, 3, 1))],
    "A7": [("I7", 5000, date(2015, 3, 1))],
}
SUBSCRIPTIONS: list[tuple[str, str, date | None, dict[str, bool]]] = [
    ("S1", "A1", date(2015, 3, 27), {}),
    ("S2", "A2", date(2015, 3, 27), {}),
    ("S3", "A3", date(2015, 3, 28), {}),
    ("S4", "A4", date(2015, 3, 28), {}),
    ("S5", "A4", date(2015, 3, 29), {}),
    ("S6", "A5", date(2015, 3, 29), {}),
    ("S7", "A6", date(2015, 3, 27), {"never_disconnect": True}),
    ("S8", "A7", date(2015, 3, 26), {}),
    ("S9", "A3", None, {}),
    ("S10", "A2", date(2015, 3, 27), {"free": True}),
]


def set_up_world() -> None:
    """The product's side of the world in which every life begins."""
    set_up_organisation(time_zone=str(ZONE), country="DE")
    grant_role("olga", "approver")
    for account, invoices in INVOICES.items():
        make_account(account)
        for number, cents, due in invoices:
            owe(account, cents, due=due, number=number)
    for number, account, grace_end, flags in SUBSCRIPTIONS:
        make_subscription(
            number, account, grace_end=grace_end, grace_start=GRACE_START, **_with_reason(flags)
        )


def _with_reason(flags: dict[str, bool]) -> dict[str, Any]:
    return (
        {**flags, "never_disconnect_reason": "an emergency line"} if flags.get("never_disconnect") else flags
    )


def reference_world() -> Reference:
    accounts = {
        account: plain.Account(
            account, {number: plain.Invoice(number, due, cents) for number, cents, due in invoices}
        )
        for account, invoices in INVOICES.items()
    }
    subscriptions = [
        plain.Subscription(number, accounts[account], GRACE_START if grace_end else None, grace_end, **flags)
        for number, account, grace_end, flags in SUBSCRIPTIONS
    ]
    return Reference(BEGIN, ZONE, subscriptions)


class Life:
    """Steps are named as in the product; each returns the code with which it was refused, or ''."""

    def __init__(self) -> None:
        clock.stand_at(BEGIN)
        self.reference = reference_world()
        self.references = 0
        self.numbers = dict(Subscription.objects.values_list("pk", "number"))
        self.keys = {number: key for key, number in self.numbers.items()}

    # Steps

    def apply(self, actor: str, name: str, code: str, content: dict[str, Any]) -> str:
        told: list[str] = []
        code = self._both(
            actor,
            lambda: told.append(self.reference.apply(actor, name, code, content)),
            lambda: told.append(apply_definition.apply_definition(as_file(name, code, content)).changed),
        )
        assert len(set(told)) <= 1, f"the reference says {told[0]}, the product {told[1]}"
        return code or told[0]

    def set_effective(self, actor: str, definition: plain.Definition, effective: bool) -> str:
        state = DefinitionState.EFFECTIVE if effective else DefinitionState.NOT_EFFECTIVE
        return self._both(
            actor,
            lambda: self.reference.set_effective(actor, definition, effective),
            lambda: change_definition.set_definition_state(definition.code, state),
        )

    def delete_definition(self, actor: str, definition: plain.Definition) -> str:
        return self._both(
            actor,
            lambda: self.reference.delete_definition(actor, definition),
            lambda: change_definition.delete_definition(definition.code),
        )

    def submit(self, actor: str, definition: plain.Definition) -> str:
        return self._both(
            actor, lambda: self.reference.submit(actor, definition), lambda: submit.submit(definition.code)
        )

    def start(self, actor: str, definition: plain.Definition) -> str:
        return self._both(
            actor,
            lambda: self.reference.start(actor, definition),
            lambda: start_run.start_run(definition.code),
        )

    def undo(self, actor: str, run: plain.Run) -> str:
        return self._both(actor, lambda: self.reference.undo(actor, run), lambda: undo_run.undo_run(run.key))

    def delete_run(self, actor: str, run: plain.Run) -> str:
        return self._both(
            actor, lambda: self.reference.delete_run(actor, run), lambda: steer_run.delete_run(run.key)
        )

    def pause(self, actor: str, run: plain.Run) -> str:
        return self._both(
            actor, lambda: self.reference.pause(actor, run), lambda: steer_run.pause_run(run.key)
        )

    def cancel(self, actor: str, run: plain.Run) -> str:
        return self._both(
            actor, lambda: self.reference.cancel(actor, run), lambda: steer_run.cancel_run(run.key)
        )

    def resume(self, actor: str, run: plain.Run) -> str:
        return self._both(
            actor, lambda: self.reference.resume(actor, run), lambda: steer_run.resume_run(run.key)
        )

    def approve(self, actor: str, run: plain.Run) -> str:
        return self._both(
            actor, lambda: self.reference.approve(actor, run), lambda: approve_run.approve_run(run.key)
        )

    def tick(self, **faults: Any) -> bool:
        """The scheduler's round; returns whether the process was killed in it."""
        return self._faulty(Faults(**faults), self.reference.tick, scheduling.tick)

    def carry_on(self, run: plain.Run, steps: int) -> None:
        passed = iter(range(steps))
        self._faulty(
            Faults(),
            lambda: self.reference.carry_on(run, steps),
            lambda: execution.carry_on(run.key, stop=lambda: next(passed, None) is None),
        )

    def stand_by(self, stand_by: bool) -> None:
        self.reference.stand_by = stand_by
        self._both("olga", lambda: None, lambda: scheduling.set_stand_by(stand_by))

    def pass_time(self, span: timedelta) -> None:
        self.reference.now += span
        clock.stand_at(self.reference.now)

    def announce(self, account: plain.Account, amount: int) -> str:
        reference = self._new_reference()
        return self._both(
            "root",
            lambda: self.reference.announce(account, reference, amount),
            lambda: post_payment.announce_payment(account.number, amount, reference=reference),
        )

    def pay(self, account: plain.Account, amount: int, reference: str = "") -> str:
        reference = reference or self._new_reference()
        return self._both(
            "root",
            lambda: self.reference.post(account, reference, amount),
            lambda: post_payment.post_payment(account.number, amount, reference=reference),
        )

    def fail_payment(self, account: plain.Account, reference: str) -> str:
        return self._both(
            "root",
            lambda: self.reference.fail_payment(account, reference),
            lambda: post_payment.fail_payment(reference),
        )

    def reverse(self, account: plain.Account, reference: str) -> str:
        return self._both(
            "root",
            lambda: self.reference.reverse(account, reference),
            lambda: post_payment.reverse_payment(reference),
        )

    def _new_reference(self) -> str:
        self.references += 1
        return f"P{self.references:04d}"

    def hold(self, account: plain.Account, days: int) -> str:
        until = self.reference.today + timedelta(days=days)
        return self._both(
            "olga",
            lambda: self.reference.hold(account, until),
            lambda: hold_account.hold_account(account.number, until=until, reason="asked for time"),
        )

    def release(self, account: plain.Account) -> str:
        return self._both(
            "olga",
            lambda: setattr(account, "hold_until", None),
            lambda: release_account.release_account(account.number),
        )

    def set_account_active(self, account: plain.Account, active: bool) -> str:
        state = "active" if active else "suspended"
        return self._both(
            "olga",
            lambda: setattr(account, "active", active),
            lambda: set_account_state.set_account_state(account.number, state),
        )

    def set_dispute(self, invoice: plain.Invoice, disputed: bool) -> str:
        def product() -> object:
            if disputed:
                return dispute_invoice.dispute_invoice(invoice.number, reason="not ours")
            return dispute_invoice.undispute_invoice(invoice.number)

        return self._both("olga", lambda: setattr(invoice, "disputed", disputed), product)

    def perform(self, subject: plain.Subscription, behaviour: str, until: date | None = None) -> str:
        return self._both(
            "olga",
            lambda: self.reference.perform(subject, behaviour, until),
            lambda: perform(subject.number, behaviour, until=until),
        )

    # Both worlds

    def _both(self, actor: str, reference: Callable[[], object], product: Callable[[], object]) -> str:
        expected, found = "", ""
        try:
            reference()
        except Refusal as refusal:
            expected = str(refusal)
        with acting_as(actor):
            try:
                product()
            except Refused as refused:
                found = refused.code
        assert found == expected, f"refused {found or 'not'} by the product, {expected or 'not'} by the rules"
        self.compare()
        return found

    def _faulty(self, faults: Faults, reference: Callable[[], object], product: Callable[[], object]) -> bool:
        same = replace(faults, passed=Counter())
        self.reference.faults = faults
        expected, found = _is_killed(reference), False
        self.reference.faults = Faults()
        with acting_as(SYSTEM), self._broken(same):
            found = _is_killed(product)
        assert found == expected, f"killed: {found} in the product, {expected} in the reference"
        self.compare()
        return found

    @contextmanager
    def _broken(self, told: Faults) -> Iterator[None]:
        """Lets the same go wrong in the product."""
        errors: dict[str, list[Exception]] = {
            "runs.freeze.after_items": [RuntimeError("no selection")] * 9 * told.selection_fails,
            "runs.batch.after_claim": [OperationalError("the database has gone")] * 9 * told.database_lost,
            "runs.batch.after_actions": [RuntimeError("this batch fails")] * told.batch_fails_once,
        }

        def failpoint(name: str) -> None:
            told.pass_by(name)
            if errors.get(name):
                raise errors[name].pop()

        with ExitStack() as stack:
            for module in (batches, execution, freeze, scheduling):
                stack.enter_context(mock.patch.object(module, "failpoint", failpoint))
            if told.cursed:
                stack.enter_context(
                    mock.patch.object(SubscriptionKind, "lock", _lock_without(self.keys[told.cursed]))
                )
            yield

    # Comparison

    def compare(self) -> None:
        self._match_new_runs()
        expected, found = self._expected(), self._found()
        different = {
            part: {
                name: (expected[part].get(name), found[part].get(name))
                for name in {**expected[part], **found[part]}
                if expected[part].get(name) != found[part].get(name)
            }
            for part in expected
            if expected[part] != found[part]
        }
        assert not different, f"(expected, found): {different}"
        self._check_cheaply()

    def _match_new_runs(self) -> None:
        """Gives new runs of the reference the keys of the product's new runs, definition by definition."""
        known = {run.key for run in self.reference.runs}
        new = (
            Run.objects.exclude(pk__in=known).order_by("pk").values_list("pk", "definition__alternative_code")
        )
        waiting = [run for run in self.reference.runs if not run.key]
        for key, code in new:
            match = next((run for run in waiting if run.definition.code == code), None)
            assert match, f"the product made a run {key} of {code}, which the rules do not know"
            match.key = key
            waiting.remove(match)
        assert not waiting, f"the product lacks the run of {waiting[0].definition.code}"

    def _expected(self) -> dict[str, dict]:
        world = self.reference
        runs = {
            run.key: {
                "definition": run.definition.code,
                "version": run.version.number,
                "state": run.state,
                "code": run.code,
                "planned_at": run.planned_at,
                "nominal_on": run.nominal_on,
                "window_from": run.window_from,
                "submitted_by": run.submitted_by,
                "approved_by": run.approved_by,
                "undo_of": run.undo_of.key if run.undo_of else None,
                "selected": len(run.items),
                "ended": run.state in plain.ENDED,
                "next_at": world.waits_until(run),
            }
            for run in world.runs
        }
        return {
            "definitions": {
                each.code: (each.name, "effective" if each.effective else "not_effective")
                for each in world.definitions
            },
            "versions": {
                (each.code, version.number): as_seen(as_file("", "", version.content))
                for each in world.definitions
                for version in each.versions
            },
            "runs": runs,
            "items": {
                (run.key, number): (item.outcome, item.code)
                for run in world.runs
                for number, item in run.items.items()
            },
            "subscriptions": {
                each.number: (
                    each.state,
                    each.revision,
                    each.grace_open,
                    each.grace_start,
                    each.grace_end,
                    each.reactivated_on,
                )
                for each in world.subscriptions.values()
            },
            "accounts": {
                each.number: ("active" if each.active else "suspended", each.hold_until)
                for each in world.accounts.values()
            },
            "invoices": {
                invoice.number: (invoice.unsettled, invoice.disputed)
                for each in world.accounts.values()
                for invoice in each.invoices.values()
            },
            "scheduler": {"stand_by": world.stand_by},
        }

    def _found(self) -> dict[str, dict]:
        versions = list(DefinitionVersion.objects.select_related("definition"))
        columns = ("run_id", "subject_id", "outcome", "code")
        items = with_outcome(RunItem.objects.all()).values_list(*columns) if RunItem.objects.exists() else []
        columns = (
            "number",
            "life_cycle_state",
            "revision",
            "grace_open",
            "grace_start_on",
            "grace_end_on",
            "reactivated_on",
        )
        return {
            "definitions": {
                each.definition.alternative_code: (each.definition.name, each.definition.life_cycle_state)
                for each in versions
            },
            "versions": {
                (each.definition.alternative_code, each.version): as_seen(each.content) for each in versions
            },
            "runs": {
                run.pk: {
                    "definition": run.definition.alternative_code,
                    "version": run.version.version,
                    "state": run.state,
                    "code": run.code,
                    "planned_at": run.planned_at,
                    "nominal_on": run.nominal_on,
                    "window_from": run.window_from,
                    "submitted_by": run.submitted_by,
                    "approved_by": run.approved_by,
                    "undo_of": run.undo_of_id,
                    "selected": run.selected,
                    "ended": run.ended_at is not None,
                    "next_at": execution.next_at(run) if run.state == "in_progress" else None,
                }
                for run in Run.objects.select_related("definition", "version")
            },
            "items": {(run, self.numbers[subject]): (outcome, code) for run, subject, outcome, code in items},
            "subscriptions": {
                number: tuple(rest) for number, *rest in Subscription.objects.values_list(*columns)
            },
            "accounts": {
                number: (state, hold)
                for number, state, hold in Account.objects.values_list(
                    "number", "life_cycle_state", "on_hold_until"
                )
            },
            "invoices": {
                number: (unsettled, disputed)
                for number, unsettled, disputed in OpenItem.objects.values_list(
                    "number", "unsettled_minor", "disputed"
                )
            },
            "scheduler": {"stand_by": scheduling.in_stand_by()},
        }

    def _check_cheaply(self) -> None:
        """Each subscription that a run changed is a done item of it, once; one run open and one planned at most."""
        acted = SubscriptionAction.objects.filter(run_id__isnull=False).order_by()
        done = Counter(
            run.key for run in self.reference.runs for item in run.items.values() if item.outcome == "done"
        )
        assert dict(acted.values_list("run_id").annotate(Count("pk"))) == dict(done)
        for definition in self.reference.definitions:
            runs = self.reference.runs_of(definition)
            assert sum(run.open for run in runs) <= 1
            assert sum(run.state == "draft" for run in runs) <= 1

    def end(self) -> None:
        assert faults() == []


def _is_killed(step: Callable[[], object]) -> bool:
    try:
        step()
    except Killed:
        return True
    return False


def _lock_without(key: int) -> Callable[[SubscriptionKind, Batch], None]:
    """Locks a batch, but breaks on every one that holds this subscription."""
    really = SubscriptionKind.lock

    def lock(kind: SubscriptionKind, batch: Batch) -> None:
        if batch.items().filter(subject_id=key).exists():
            raise RuntimeError(f"subscription {key} cannot be changed")
        really(kind, batch)

    return lock


def as_file(name: str, code: str, content: dict[str, Any]) -> dict[str, Any]:
    """A definition file as the product reads it."""
    throttle = content["throttle"] and {
        "max_batch_size": content["throttle"]["batch"],
        "start_again_after": {"value": content["throttle"]["wait_minutes"], "unit": "minutes"},
    }
    return {
        "kind": "deactivate_in_grace",
        "name": name,
        "alternative_code": code,
        "criteria": {"grace_period_end_days": content["days"], "debt_guard": content["debt_guard"]},
        "schedule": content["schedule"],
        "throttle": throttle,
        "safety": {
            "max_affected": content["max_affected"],
            "approval": content["approval"],
            "canary": content["canary"],
            "recently_reactivated_days": content["recently"],
        },
    }


def as_seen(content: dict[str, Any]) -> dict[str, Any]:
    """The part of a version's content that lives choose, in one form for both sides."""
    schedule = {key: value for key, value in content["schedule"].items() if value is not None}
    for key in ("at", "start"):
        if key in schedule:
            schedule[key] = datetime.fromisoformat(schedule[key])
    safety = {
        key: content["safety"][key]
        for key in ("max_affected", "approval", "canary", "recently_reactivated_days")
    }
    criteria = {key: content["criteria"][key] for key in ("grace_period_end_days", "debt_guard")}
    return {"criteria": criteria, "schedule": schedule, "throttle": content["throttle"], "safety": safety}
