"""Random lives of definitions and their runs: after every step the product is what the reference foretold.

A life is thirty steps on ten subscriptions and at most three definitions. It is rolled back at its end, after all
invariants were found to hold. LAPWING_TEST_DOSE=full lives ten times as many.
"""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.lives import reference as plain
from tests.lives.life import SUBSCRIPTIONS, Life
from tests.lives.reference import Schedule

LIVES = 200 * (10 if os.environ.get("LAPWING_TEST_DOSE") == "full" else 1)
STEPS = 30
AT_LEAST = 20
COUNTS: Counter[str] = Counter()

NAMES = ("Nightly grace cut", "Night grace clearing", "Weekly sweep", "Weekend sweep")
CODES = ("", "ALPHA", "BETA", "NGC")
POINTS = (
    "runs.fire.after_start",
    "runs.fire.before_commit",
    "runs.freeze.after_items",
    "runs.freeze.after_batches",
    "runs.freeze.after_commit",
    "runs.batch.after_claim",
    "runs.batch.after_locks",
    "runs.batch.after_actions",
    "runs.batch.after_audit",
    "runs.batch.before_commit",
    "runs.batch.after_commit",
    "runs.before_complete",
)

repeats = st.one_of(
    st.builds(
        lambda start, every, end: {"method": "repeat", "start": start, "every": every, "unit": "days", "end": end},
        st.sampled_from(["2015-03-26 02:30", "2015-03-27 02:30", "2015-03-28 15:00", "2015-03-20 13:00"]),
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from([None, None, None, "2015-03-29", "2015-04-02"]),
    ),
    st.builds(
        lambda start, every, unit: {"method": "repeat", "start": start, "every": every, "unit": unit},
        st.sampled_from(["2015-03-27 00:15", "2015-03-28 01:30"]),
        st.sampled_from([5, 8]),
        st.just("hours"),
    ),
    st.just({"method": "repeat", "start": "2015-03-27 09:00", "every": 45, "unit": "minutes", "end": "2015-04-10"}),
)
ats = st.builds(
    lambda day, clock: {"method": "at", "at": f"{day} {clock}"},
    st.sampled_from(["2015-03-27", "2015-03-28", "2015-03-29", "2015-03-30", "2015-04-01"]),
    st.sampled_from(["02:30", "12:00", "18:00"]),
)
throttles = st.builds(
    lambda batch, wait: {"batch": batch, "wait_minutes": wait}, st.integers(1, 2), st.sampled_from([20, 240, 1440])
)


@st.composite
def contents(draw: st.DrawFn) -> dict:
    schedule = draw(st.one_of(st.just({"method": "now"}), ats, repeats, repeats, repeats))
    throttled = schedule["method"] == "repeat" or draw(st.integers(0, 9)) == 9
    return {
        "days": draw(st.sampled_from([0, 0, 1, 3])),
        "debt_guard": draw(st.sampled_from(["overdue", "overdue", "unsettled"])),
        "schedule": schedule,
        "throttle": draw(st.one_of(st.none(), throttles)) if throttled else None,
        "max_affected": draw(st.sampled_from([1000, 1000, 1000, 3, 2, 1, 0])),
        "approval": draw(st.sampled_from([False, False, False, True])),
        "canary": draw(st.sampled_from([None, None, 1, 2])),
        "recently": draw(st.sampled_from([3, 3, 1, 0])),
    }


actors = st.sampled_from(["olga", "olga", "olga", "root", "anna"])
conductors = st.sampled_from(["olga", "olga", "olga", "olga", "root", "anna"])
places = st.integers(0, 11)  # which of those a step could be about


def pick(place: int, suited: list, others: list | None = None):
    """Mostly one of those for which the step is legal."""
    pool = suited if suited and (place < 9 or not others) else others or suited
    return pool[place % len(pool)]


def count(name: str, answer: str = "") -> None:
    COUNTS[name] += 1
    if answer:
        COUNTS[f"{name}: {answer}"] += 1


def some_runs(machine: "Lives") -> bool:
    return bool(machine.reference.runs)


def some_definitions(machine: "Lives") -> bool:
    return bool(machine.reference.definitions)


def a_run(*states: str):
    return lambda machine: any(run.state in states for run in machine.reference.runs)


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.life = Life()
        self.reference = self.life.reference
        self.steps = 0

    def teardown(self) -> None:
        try:
            self.life.end()
            COUNTS["lives"] += 1
            COUNTS["steps"] += self.steps
            COUNTS["whole lives"] += self.steps >= STEPS
            COUNTS.update({f"seen: {what}": times for what, times in self.reference.seen.items()})
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def _count(self, name: str, answer: str = "") -> None:
        self.steps += 1
        count(name, answer)

    def _runs(self, *states: str) -> list[plain.Run]:
        return [run for run in self.reference.runs if run.state in states]

    # Definitions

    @initialize(content=contents(), submits=st.booleans())
    def begin(self, content: dict, submits: bool) -> None:
        self._count("create", self.life.apply("olga", NAMES[0], "ALPHA", content))
        if submits and self.reference.definitions:
            count("submit", self.life.submit("olga", self.reference.definitions[0]))

    @precondition(lambda self: len(self.reference.definitions) < 3)
    @rule(actor=actors, name=st.sampled_from(NAMES), code=st.sampled_from(CODES), content=contents())
    def create(self, actor: str, name: str, code: str, content: dict) -> None:
        self._count("create", self.life.apply(actor, name, code, content))

    @precondition(some_definitions)
    @rule(actor=actors, place=places, content=contents())
    def edit(self, actor: str, place: int, content: dict) -> None:
        definition = pick(place, self.reference.definitions)
        self._count("edit", self.life.apply(actor, definition.name, definition.code, content))

    @precondition(some_definitions)
    @rule(place=places)
    def apply_the_same(self, place: int) -> None:
        definition = pick(place, self.reference.definitions)
        self._count(
            "apply the same", self.life.apply("olga", definition.name, definition.code, definition.latest.content)
        )

    @precondition(some_definitions)
    @rule(actor=actors, place=places, name=st.sampled_from(NAMES))
    def rename(self, actor: str, place: int, name: str) -> None:
        definition = pick(place, self.reference.definitions)
        self._count("rename", self.life.apply(actor, name, definition.code, definition.latest.content))

    @precondition(some_definitions)
    @rule(actor=conductors, place=places)
    def submit(self, actor: str, place: int) -> None:
        definition = pick(place, self.reference.definitions)
        method = definition.latest.content["schedule"]["method"]
        self._count(f"submit {method}", self.life.submit(actor, definition))

    @precondition(some_definitions)
    @rule(actor=conductors, place=places, content=contents())
    def edit_and_submit(self, actor: str, place: int, content: dict) -> None:
        definition = pick(place, self.reference.definitions)
        count("edit", self.life.apply(actor, definition.name, definition.code, content))
        self.submit(actor, place)

    @precondition(some_definitions)
    @rule(place=places)
    def make_not_effective(self, place: int) -> None:
        effective = [each for each in self.reference.definitions if each.effective]
        definition = pick(place, effective, self.reference.definitions)
        self._count("make not effective", self.life.set_effective("olga", definition, False))

    @precondition(some_definitions)
    @rule(actor=actors, place=places)
    def make_effective(self, actor: str, place: int) -> None:
        without = [each for each in self.reference.definitions if not each.effective]
        definition = pick(place, without, self.reference.definitions)
        self._count("make effective", self.life.set_effective(actor, definition, True))

    @precondition(some_definitions)
    @rule(place=places)
    def delete_definition(self, place: int) -> None:
        unused = [each for each in self.reference.definitions if not self.reference.runs_of(each)]
        definition = pick(place, unused, self.reference.definitions)
        self._count("delete definition", self.life.delete_definition("olga", definition) or "deleted")

    # Runs

    @precondition(some_runs)
    @rule(place=places)
    def delete_run(self, place: int) -> None:
        run = pick(place, self._runs("draft"), self.reference.runs)
        self._count("delete run", self.life.delete_run("olga", run) or "deleted")

    @precondition(some_definitions)
    @rule(actor=conductors, place=places)
    def start(self, actor: str, place: int) -> None:
        self._count("start", self.life.start(actor, pick(place, self.reference.definitions)) or "started")

    @precondition(some_definitions)
    @rule(place=places)
    def start_twice(self, place: int) -> None:
        startable = [each for each in self.reference.definitions if each.effective]
        definition = pick(place, startable, self.reference.definitions)
        self.life.start("olga", definition)
        self._count("start twice", self.life.start("root", definition))

    @precondition(a_run("in_progress"))
    @rule(place=places, steps=st.integers(1, 3))
    def carry_on_a_little(self, place: int, steps: int) -> None:
        self.life.carry_on(pick(place, self._runs("in_progress")), steps)
        self._count("carry on a little")

    @rule()
    def tick(self) -> None:
        self.life.tick()
        self._count("tick")

    @rule(hours=st.integers(1, 30))
    def tick_later(self, hours: int) -> None:
        count("hours pass")
        self.life.pass_time(timedelta(hours=hours))
        self.tick()

    @rule(place=places, late=st.sampled_from([0, 0, 0, 1, 90, 3000]))
    def tick_when_something_is_due(self, place: int, late: int) -> None:
        """At the very instant, or so many minutes late."""
        waits = [self.reference.waits_until(run) or run.planned_at for run in self._runs("draft", "in_progress")]
        due = [at for at in waits if at and at > self.reference.now]
        if due:
            self.life.pass_time(pick(place, due) - self.reference.now + timedelta(minutes=late))
        self.tick()

    @precondition(some_runs)
    @rule(actor=conductors, place=places)
    def pause(self, actor: str, place: int) -> None:
        run = pick(place, self._runs("in_progress"), self.reference.runs)
        self._count("pause", self.life.pause(actor, run) or "paused")

    @precondition(some_runs)
    @rule(actor=conductors, place=places)
    def resume(self, actor: str, place: int) -> None:
        run = pick(place, self._runs("paused", "failed"), self.reference.runs)
        self._count("resume", self.life.resume(actor, run) or "resumed")

    @precondition(some_runs)
    @rule(actor=conductors, place=places)
    def cancel(self, actor: str, place: int) -> None:
        run = pick(place, self._runs(*plain.OPEN), self.reference.runs)
        self._count("cancel", self.life.cancel(actor, run) or "cancelled")

    @precondition(some_runs)
    @rule(place=places)
    def approve(self, place: int) -> None:
        held = [run for run in self.reference.runs if run.held]
        self._count("approve", self.life.approve("anna", pick(place, held, self.reference.runs)) or "approved")

    @precondition(lambda self: any(run.held for run in self.reference.runs))
    @rule(place=places, actor=st.sampled_from(["olga", "root"]))
    def approve_ones_own(self, place: int, actor: str) -> None:
        held = [run for run in self.reference.runs if run.held]
        self._count("approve one's own", self.life.approve(actor, pick(place, held)) or "approved")

    @precondition(lambda self: any(run.held for run in self.reference.runs))
    @rule(minutes=st.sampled_from([-1, 0, 60]), asks=st.booleans())
    def wait_for_the_approval_to_lapse(self, minutes: int, asks: bool) -> None:
        held = [run for run in self.reference.runs if run.held][0]
        lapses = held.held_at + timedelta(hours=24, minutes=minutes)
        if lapses > self.reference.now:
            self.life.pass_time(lapses - self.reference.now)
        if asks:
            count("approve", self.life.approve("anna", held) or "approved")
        self.life.tick()
        self._count("wait for the approval to lapse")

    @precondition(some_runs)
    @rule(actor=conductors, place=places)
    def undo(self, actor: str, place: int) -> None:
        ended = [run for run in self._runs(*plain.ENDED) if any(item.outcome == "done" for item in run.items.values())]
        run = pick(place, ended, self.reference.runs)
        self._count("undo", self.life.undo(actor, run) or "started")

    # What goes wrong

    @rule(point=st.sampled_from(POINTS), nth=st.sampled_from([1, 1, 2]))
    def kill(self, point: str, nth: int) -> None:
        self._make_work()
        due = [run for run in self._runs("draft") if run.planned_at is None or run.planned_at <= self.reference.now]
        if point.startswith("runs.fire") and len(due) != 1:  # the order in which several fire is nobody's business
            point = "runs.batch.before_commit"
        killed = self.life.tick(kill=(point, nth))
        self._count("kill", f"at {point}" if killed else "nothing to kill")
        COUNTS["killed"] += killed

    @rule()
    def let_selections_fail(self) -> None:
        self._make_work()
        self.life.tick(selection_fails=True)
        self._count("let selections fail")

    @rule()
    def lose_the_database(self) -> None:
        self._make_work()
        self.life.tick(database_lost=True)
        self._count("lose the database")

    @rule()
    def let_one_batch_fail(self) -> None:
        self._make_work()
        self.life.tick(batch_fails_once=True)
        self._count("let one batch fail")

    @rule(place=places)
    def let_one_subject_fail(self, place: int) -> None:
        self._make_work()
        pending = [
            number
            for run in self._runs("in_progress")
            for number, item in run.items.items()
            if item.outcome == "pending"
        ]
        self.life.tick(cursed=pick(place, pending, [number for number, *_ in SUBSCRIPTIONS[:6]]))
        self._count("let one subject fail")

    def _make_work(self) -> None:
        """Nothing goes wrong where nothing is done."""
        if not self._runs("in_progress"):
            for definition in self.reference.definitions:
                if definition.effective and not self.reference.open_of(definition):
                    count("start", self.life.start("olga", definition) or "started")
                    return

    # The scheduler and the clock

    @rule()
    def put_in_stand_by(self) -> None:
        self.life.stand_by(True)
        self._count("stand-by")

    @rule(ticks=st.booleans())
    def let_the_scheduler_run(self, ticks: bool) -> None:
        self.life.stand_by(False)
        if ticks:
            self.life.tick()
        self._count("scheduler run")

    @rule(minutes=st.integers(1, 120))
    def minutes_pass(self, minutes: int) -> None:
        self.life.pass_time(timedelta(minutes=minutes))
        self._count("minutes pass")

    @rule(hours=st.integers(1, 24))
    def hours_pass(self, hours: int) -> None:
        self.life.pass_time(timedelta(hours=hours))
        self._count("hours pass")

    @rule(days=st.sampled_from([1, 1, 2, 4]))
    def days_pass(self, days: int) -> None:
        self.life.pass_time(timedelta(days=days))
        self._count("days pass")

    # The customers

    def _account(self, place: int) -> plain.Account:
        return pick(place, list(self.reference.accounts.values()))

    @rule(place=places, share=st.sampled_from([1, 1, 2]), extra=st.sampled_from([0, 0, 500]))
    def pay(self, place: int, share: int, extra: int) -> None:
        account = self._account(place)
        self.life.pay(account, max(account.owes() // share, 100) + extra)
        self._count("pay")

    @rule(place=places, share=st.sampled_from([1, 1, 2]))
    def announce_a_payment(self, place: int, share: int) -> None:
        account = self._account(place)
        self.life.announce(account, max(account.owes() // share, 100))
        self._count("announce a payment")

    @precondition(lambda self: any(account.pending() for account in self.reference.accounts.values()))
    @rule(place=places, arrives=st.booleans())
    def announced_payment_arrives_or_fails(self, place: int, arrives: bool) -> None:
        account, payment = pick(place, self._payments("pending"))
        if arrives:
            self.life.pay(account, payment.amount, payment.reference)
        else:
            self.life.fail_payment(account, payment.reference)
        self._count("announced payment", "arrives" if arrives else "fails")

    @precondition(lambda self: bool(self._payments("posted")))
    @rule(place=places)
    def reverse_a_payment(self, place: int) -> None:
        account, payment = pick(place, self._payments("posted"), self._payments("reversed", "failed"))
        self._count("reverse a payment", self.life.reverse(account, payment.reference))

    def _payments(self, *states: str) -> list[tuple[plain.Account, plain.Payment]]:
        return [
            (account, payment)
            for account in self.reference.accounts.values()
            for payment in account.payments.values()
            if payment.state in states
        ]

    @rule(place=places, days=st.sampled_from([-1, 0, 1, 2]))
    def hold(self, place: int, days: int) -> None:
        self._count("hold", self.life.hold(self._account(place), days) or "held")

    @rule(place=places)
    def release(self, place: int) -> None:
        held = [account for account in self.reference.accounts.values() if account.hold_until]
        self.life.release(pick(place, held, list(self.reference.accounts.values())))
        self._count("release")

    @rule(place=places)
    def suspend_or_reinstate(self, place: int) -> None:
        account = self._account(place)
        self.life.set_account_active(account, not account.active)
        self._count("suspend or reinstate an account")

    @rule(place=places)
    def dispute(self, place: int) -> None:
        self.life.set_dispute(pick(place, self._invoices(False), self._invoices(True)), True)
        self._count("dispute")

    @rule(place=places)
    def undispute(self, place: int) -> None:
        self.life.set_dispute(pick(place, self._invoices(True), self._invoices(False)), False)
        self._count("undispute")

    def _invoices(self, disputed: bool) -> list[plain.Invoice]:
        accounts = self.reference.accounts.values()
        return [each for account in accounts for each in account.invoices.values() if each.disputed == disputed]

    @rule(place=places, days=st.integers(0, 3))
    def extend_grace(self, place: int, days: int) -> None:
        until = self.reference.today + timedelta(days=days)
        subject = pick(place, list(self.reference.subscriptions.values()))
        self._count("extend grace", self.life.perform(subject, "extend_grace_period", until) or "extended")

    @rule(place=places)
    def deactivate_by_hand(self, place: int) -> None:
        subject = pick(place, list(self.reference.subscriptions.values()))
        self._count("deactivate by hand", self.life.perform(subject, "deactivate_subscription") or "deactivated")

    @rule(place=places)
    def activate_by_hand(self, place: int) -> None:
        everyone = list(self.reference.subscriptions.values())
        off = [each for each in everyone if each.state == "not_effective"]
        answer = self.life.perform(pick(place, off, everyone), "activate_subscription")
        self._count("activate by hand", answer or "activated")


EXPECTED = (
    *("create: created", "edit: edited", "edit: new_version", "apply the same: unchanged", "rename: renamed"),
    *("submit now", "submit at", "submit repeat", "make not effective", "make effective"),
    *("delete definition: deleted", "delete definition: definition_has_runs"),
    *("delete run: deleted", "delete run: run_not_draft", "start: started", "start twice: run_open", "tick"),
    *("carry on a little", "pause: paused", "resume: resumed", "cancel: cancelled", "approve: approved"),
    *("approve one's own: own_approval", "undo: started", "killed"),
    *("let selections fail", "lose the database", "let one batch fail", "let one subject fail"),
    *("stand-by", "scheduler run", "minutes pass", "hours pass", "days pass", "pay", "reverse a payment"),
    *("announce a payment", "announced payment: arrives", "announced payment: fails"),
    *("hold: held", "release", "suspend or reinstate an account", "dispute", "undispute"),
    *("extend grace: extended", "deactivate by hand: deactivated", "activate by hand: activated"),
    *("seen: superseded", "seen: merged", "seen: approval_expired", "seen: definition_not_effective"),
    *("seen: waited_for_open_run", "seen: canary", "seen: safety_brake", "seen: approval_required", "seen: throttled"),
    *("seen: selection_failed", "seen: database_lost", "seen: item:done", "seen: undo:done"),
)


def test_lives_go_as_the_rules_foretell(world, capsys):
    COUNTS.clear()
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print("\n" + "\n".join(f"{COUNTS[name]:7} {name}" for name in sorted(COUNTS)))
    assert COUNTS["whole lives"] >= LIVES
    assert {name: COUNTS[name] for name in EXPECTED if COUNTS[name] < AT_LEAST} == {}


@pytest.mark.parametrize(
    ("local", "instant"),
    [("2015-03-28 02:30", (28, 1, 30)), ("2015-03-29 02:30", (29, 1, 0)), ("2015-03-30 02:30", (30, 0, 30))],
)
def test_the_reference_knows_when_the_clocks_change(local, instant):
    from tests.lives.life import ZONE

    day, hour, minute = instant
    expected = datetime(2015, 3, day, hour, minute, tzinfo=UTC)
    assert Schedule({"method": "at", "at": local}, ZONE).first_from(expected - timedelta(days=9)) == expected
