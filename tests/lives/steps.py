"""The steps of which lives are made, how often each is taken, and how a life is lived, replayed and cut short.

A step draws what it is about from a seeded source, so a life is its number; and it is a plain list of steps with
their arguments, so that a life that goes wrong can be cut down to the few steps that matter and kept as an example.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from django.db import transaction

from lapwing.core import clock
from tests.lives import reference as plain
from tests.lives.life import BEGIN, SUBSCRIPTIONS, Life

COUNTS: Counter[str] = Counter()
STEPS_A_LIFE = 30

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

Draw = Callable[[Random], Any]
Taken = tuple[str, dict[str, Any]]


def one_of(*values: Any) -> Draw:
    return lambda source: source.choice(values)


def whole(lowest: int, highest: int) -> Draw:
    return lambda source: source.randint(lowest, highest)


def contents(source: Random) -> dict[str, Any]:
    schedule = source.choice([_now, _at, _daily, _daily, _daily, _hourly, _often])(source)
    throttled = schedule["method"] == "repeat" or source.random() < 0.1
    throttle = {"batch": source.choice([1, 2]), "wait_minutes": source.choice([20, 240, 1440])}
    return {
        "days": source.choice([0, 0, 1, 3]),
        "debt_guard": source.choice(["overdue", "overdue", "unsettled"]),
        "schedule": schedule,
        "throttle": throttle if throttled and source.random() < 0.5 else None,
        "max_affected": source.choice([1000, 1000, 1000, 1000, 3, 2, 1, 0]),
        "approval": source.random() < 0.2,
        "canary": source.choice([None, None, None, 1, 2]),
        "recently": source.choice([3, 3, 1, 0]),
    }


def _now(source: Random) -> dict[str, Any]:
    return {"method": "now"}


def _at(source: Random) -> dict[str, Any]:
    day = source.choice(["2015-03-27", "2015-03-28", "2015-03-29", "2015-03-30", "2015-04-01"])
    return {"method": "at", "at": f"{day} {source.choice(['02:30', '12:00', '18:00'])}"}


def _daily(source: Random) -> dict[str, Any]:
    start = source.choice(["2015-03-26 02:30", "2015-03-27 02:30", "2015-03-28 15:00", "2015-03-20 13:00"])
    end = source.choice([None, None, None, "2015-03-29", "2015-04-02"])
    return {
        "method": "repeat",
        "start": start,
        "every": source.choice([1, 1, 1, 2]),
        "unit": "days",
        "end": end,
    }


def _hourly(source: Random) -> dict[str, Any]:
    start = source.choice(["2015-03-27 00:15", "2015-03-28 01:30"])
    return {"method": "repeat", "start": start, "every": source.choice([5, 8]), "unit": "hours"}


def _often(source: Random) -> dict[str, Any]:
    return {
        "method": "repeat",
        "start": "2015-03-27 09:00",
        "every": 45,
        "unit": "minutes",
        "end": "2015-04-10",
    }


actors = one_of("olga", "olga", "olga", "olga", "olga", "olga", "root", "root", "anna")
places = whole(0, 11)  # which of those a step could be about


@dataclass(frozen=True)
class Step:
    take: Callable[..., None]
    weight: int
    when: Callable[["Lives"], bool]
    draws: dict[str, Draw]


STEPS: dict[str, Step] = {}


def step(weight: int = 2, *, when: Callable[["Lives"], bool] = lambda lives: True, **draws: Draw):
    """Registers a step: how often it is taken, when it can be taken, and what it draws."""

    def register(take: Callable[..., None]) -> Callable[..., None]:
        STEPS[take.__name__] = Step(take, weight, when, draws)
        return take

    return register


def pick(place: int, suited: list, others: list | None = None):
    """Mostly one of those for which the step is legal."""
    pool = suited if suited and (place < 9 or not others) else others or suited
    return pool[place % len(pool)]


def count(name: str, answer: str = "") -> None:
    COUNTS[name] += 1
    if answer:
        COUNTS[f"{name}: {answer}"] += 1


def some_runs(lives: "Lives") -> bool:
    return bool(lives.reference.runs)


def some_definitions(lives: "Lives") -> bool:
    return bool(lives.reference.definitions)


def a_run(*states: str):
    return lambda lives: any(run.state in states for run in lives.reference.runs)


class Lives:
    """One life under way. Its methods are the steps."""

    def __init__(self) -> None:
        self.life = Life()
        self.reference = self.life.reference
        self.taken: list[Taken] = []

    def take(self, name: str, /, **arguments: Any) -> None:
        """Takes the step, or leaves it out where it cannot be taken."""
        if STEPS[name].when(self):
            self.taken.append((name, arguments))
            STEPS[name].take(self, **arguments)

    def take_any(self, source: Random) -> None:
        possible = [name for name, each in STEPS.items() if each.when(self)]
        name = source.choices(possible, [STEPS[name].weight for name in possible])[0]
        self.take(name, **{key: draw(source) for key, draw in STEPS[name].draws.items()})

    def _count(self, name: str, answer: str = "") -> None:
        COUNTS["steps"] += 1
        count(name, answer)

    def _runs(self, *states: str) -> list[plain.Run]:
        return [run for run in self.reference.runs if run.state in states]

    # Definitions

    def begin(self, content: dict, submits: bool) -> None:
        self._count("create", self.life.apply("olga", NAMES[0], "ALPHA", content))
        if submits and self.reference.definitions:
            count("submit", self.life.submit("olga", self.reference.definitions[0]))

    @step(
        when=lambda lives: len(lives.reference.definitions) < 3,
        actor=actors,
        name=one_of(*NAMES),
        code=one_of(*CODES),
        content=contents,
    )
    def create(self, actor: str, name: str, code: str, content: dict) -> None:
        self._count("create", self.life.apply(actor, name, code, content))

    @step(when=some_definitions, actor=actors, place=places, content=contents)
    def edit(self, actor: str, place: int, content: dict) -> None:
        definition = pick(place, self.reference.definitions)
        self._count("edit", self.life.apply(actor, definition.name, definition.code, content))

    @step(1, when=some_definitions, place=places)
    def apply_the_same(self, place: int) -> None:
        definition = pick(place, self.reference.definitions)
        self._count(
            "apply the same",
            self.life.apply("olga", definition.name, definition.code, definition.latest.content),
        )

    @step(when=some_definitions, actor=actors, place=places, name=one_of(*NAMES))
    def rename(self, actor: str, place: int, name: str) -> None:
        definition = pick(place, self.reference.definitions)
        self._count("rename", self.life.apply(actor, name, definition.code, definition.latest.content))

    @step(6, when=some_definitions, actor=actors, place=places)
    def submit(self, actor: str, place: int) -> None:
        definition = pick(place, self.reference.definitions)
        method = definition.latest.content["schedule"]["method"]
        self._count(f"submit {method}", self.life.submit(actor, definition))

    @step(6, when=some_definitions, actor=actors, place=places, content=contents)
    def edit_and_submit(self, actor: str, place: int, content: dict) -> None:
        definition = pick(place, self.reference.definitions)
        count("edit", self.life.apply(actor, definition.name, definition.code, content))
        self.submit(actor, place)

    @step(6, when=some_definitions, place=places)
    def make_not_effective(self, place: int) -> None:
        effective = [each for each in self.reference.definitions if each.effective]
        definition = pick(place, effective, self.reference.definitions)
        self._count("make not effective", self.life.set_effective("olga", definition, False))

    @step(3, when=some_definitions, actor=actors, place=places)
    def make_effective(self, actor: str, place: int) -> None:
        without = [each for each in self.reference.definitions if not each.effective]
        definition = pick(place, without, self.reference.definitions)
        self._count("make effective", self.life.set_effective(actor, definition, True))

    @step(4, when=some_definitions, place=places)
    def delete_definition(self, place: int) -> None:
        unused = [each for each in self.reference.definitions if not self.reference.runs_of(each)]
        definition = pick(place, unused, self.reference.definitions)
        self._count("delete definition", self.life.delete_definition("olga", definition) or "deleted")

    # Runs

    @step(5, when=some_runs, place=places)
    def delete_run(self, place: int) -> None:
        run = pick(place, self._runs("draft"), self.reference.runs)
        self._count("delete run", self.life.delete_run("olga", run) or "deleted")

    @step(5, when=some_definitions, actor=actors, place=places)
    def start(self, actor: str, place: int) -> None:
        self._count("start", self.life.start(actor, pick(place, self.reference.definitions)) or "started")

    @step(when=some_definitions, place=places)
    def start_twice(self, place: int) -> None:
        startable = [each for each in self.reference.definitions if each.effective]
        definition = pick(place, startable, self.reference.definitions)
        self.life.start("olga", definition)
        self._count("start twice", self.life.start("root", definition))

    @step(9, when=a_run("in_progress"), place=places, steps=whole(1, 3))
    def carry_on_a_little(self, place: int, steps: int) -> None:
        self.life.carry_on(pick(place, self._runs("in_progress")), steps)
        self._count("carry on a little")

    @step(7)
    def tick(self) -> None:
        self.life.tick()
        self._count("tick")

    @step(7, hours=whole(1, 30))
    def tick_later(self, hours: int) -> None:
        count("hours pass")
        self.life.pass_time(timedelta(hours=hours))
        self.tick()

    @step(14, place=places, late=one_of(0, 0, 90, 3000, 3000))
    def tick_when_something_is_due(self, place: int, late: int) -> None:
        """At the very instant, or so many minutes late."""
        waits = [
            self.reference.waits_until(run) or run.planned_at for run in self._runs("draft", "in_progress")
        ]
        due = [at for at in waits if at and at > self.reference.now]
        if due:
            self.life.pass_time(pick(place, due) - self.reference.now + timedelta(minutes=late))
        self.tick()

    @step(6, when=some_runs, actor=actors, place=places)
    def pause(self, actor: str, place: int) -> None:
        run = pick(place, self._runs("in_progress"), self.reference.runs)
        self._count("pause", self.life.pause(actor, run) or "paused")

    @step(6, when=some_runs, actor=actors, place=places)
    def resume(self, actor: str, place: int) -> None:
        run = pick(place, self._runs("paused", "failed"), self.reference.runs)
        self._count("resume", self.life.resume(actor, run) or "resumed")

    @step(3, when=some_runs, actor=actors, place=places)
    def cancel(self, actor: str, place: int) -> None:
        run = pick(place, self._runs(*plain.OPEN), self.reference.runs)
        self._count("cancel", self.life.cancel(actor, run) or "cancelled")

    @step(7, when=some_runs, place=places)
    def approve(self, place: int) -> None:
        held = [run for run in self.reference.runs if run.held]
        self._count(
            "approve", self.life.approve("anna", pick(place, held, self.reference.runs)) or "approved"
        )

    @step(
        14,
        when=lambda lives: any(run.held for run in lives.reference.runs),
        place=places,
        actor=one_of("olga", "root"),
    )
    def approve_ones_own(self, place: int, actor: str) -> None:
        held = [run for run in self.reference.runs if run.held]
        self._count("approve one's own", self.life.approve(actor, pick(place, held)) or "approved")

    @step(
        4,
        when=lambda lives: any(run.held for run in lives.reference.runs),
        minutes=one_of(-1, 0, 60),
        asks=one_of(True, False),
    )
    def wait_for_the_approval_to_lapse(self, minutes: int, asks: bool) -> None:
        held = next(run for run in self.reference.runs if run.held)
        lapses = held.held_at + timedelta(hours=24, minutes=minutes)
        if lapses > self.reference.now:
            self.life.pass_time(lapses - self.reference.now)
        if asks:
            count("approve", self.life.approve("anna", held) or "approved")
        self.life.tick()
        self._count("wait for the approval to lapse")

    @step(7, when=some_runs, actor=actors, place=places)
    def undo(self, actor: str, place: int) -> None:
        ended = [
            run
            for run in self._runs(*plain.ENDED)
            if any(item.outcome == "done" for item in run.items.values())
        ]
        run = pick(place, ended, self.reference.runs)
        self._count("undo", self.life.undo(actor, run) or "started")

    # What goes wrong

    @step(7, point=one_of(*POINTS), nth=one_of(1, 1, 2))
    def kill(self, point: str, nth: int) -> None:
        self._make_work()
        due = [
            run
            for run in self._runs("draft")
            if run.planned_at is None or run.planned_at <= self.reference.now
        ]
        if (
            point.startswith("runs.fire") and len(due) != 1
        ):  # the order in which several fire is nobody's business
            point = "runs.batch.before_commit"
        killed = self.life.tick(kill=(point, nth))
        self._count("kill", f"at {point}" if killed else "nothing to kill")
        COUNTS["killed"] += killed

    @step(3)
    def let_selections_fail(self) -> None:
        self._make_work()
        self.life.tick(selection_fails=True)
        self._count("let selections fail")

    @step(3)
    def lose_the_database(self) -> None:
        self._make_work()
        self.life.tick(database_lost=True)
        self._count("lose the database")

    @step(3)
    def let_one_batch_fail(self) -> None:
        self._make_work()
        self.life.tick(batch_fails_once=True)
        self._count("let one batch fail")

    @step(3, place=places)
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

    @step(1)
    def put_in_stand_by(self) -> None:
        self.life.stand_by(True)
        self._count("stand-by")

    @step(3, ticks=one_of(True, False))
    def let_the_scheduler_run(self, ticks: bool) -> None:
        self.life.stand_by(False)
        if ticks:
            self.life.tick()
        self._count("scheduler run")

    @step(minutes=whole(1, 120))
    def minutes_pass(self, minutes: int) -> None:
        self.life.pass_time(timedelta(minutes=minutes))
        self._count("minutes pass")

    @step(1, hours=whole(1, 24))
    def hours_pass(self, hours: int) -> None:
        self.life.pass_time(timedelta(hours=hours))
        self._count("hours pass")

    @step(2, days=one_of(1, 1, 2, 4))
    def days_pass(self, days: int) -> None:
        self.life.pass_time(timedelta(days=days))
        self._count("days pass")

    # The customers

    def _account(self, place: int) -> plain.Account:
        waiting = [subject.account for subject in self._waiting()]
        return pick(place, waiting, list(self.reference.accounts.values()))

    def _subject(self, place: int) -> plain.Subscription:
        return pick(place, self._waiting(), list(self.reference.subscriptions.values()))

    def _waiting(self) -> list[plain.Subscription]:
        """Those on the list of an open run that has not come to them yet."""
        numbers = [
            number
            for run in self._runs(*plain.OPEN)
            for number, item in run.items.items()
            if item.outcome == "pending"
        ]
        return [self.reference.subscriptions[number] for number in numbers]

    @step(5, place=places, share=one_of(1, 1, 1, 2), extra=one_of(0, 0, 500))
    def pay(self, place: int, share: int, extra: int) -> None:
        account = self._account(place)
        self.life.pay(account, max(account.owes() // share, 100) + extra)
        self._count("pay")

    @step(4, place=places, share=one_of(1, 1, 2))
    def announce_a_payment(self, place: int, share: int) -> None:
        account = self._account(place)
        self.life.announce(account, max(account.owes() // share, 100))
        self._count("announce a payment")

    @step(
        14,
        when=lambda lives: any(account.pending() for account in lives.reference.accounts.values()),
        place=places,
        arrives=one_of(True, False),
    )
    def announced_payment_arrives_or_fails(self, place: int, arrives: bool) -> None:
        account, payment = pick(place, self.payments("pending"))
        if arrives:
            self.life.pay(account, payment.amount, payment.reference)
        else:
            self.life.fail_payment(account, payment.reference)
        self._count("announced payment", "arrives" if arrives else "fails")

    @step(4, when=lambda lives: bool(lives.payments("posted")), place=places)
    def reverse_a_payment(self, place: int) -> None:
        account, payment = pick(place, self.payments("posted"), self.payments("reversed", "failed"))
        self._count("reverse a payment", self.life.reverse(account, payment.reference))

    def payments(self, *states: str) -> list[tuple[plain.Account, plain.Payment]]:
        return [
            (account, payment)
            for account in self.reference.accounts.values()
            for payment in account.payments.values()
            if payment.state in states
        ]

    @step(3, place=places, days=one_of(-1, 0, 1, 2))
    def hold(self, place: int, days: int) -> None:
        self._count("hold", self.life.hold(self._account(place), days) or "held")

    @step(2, place=places)
    def release(self, place: int) -> None:
        held = [account for account in self.reference.accounts.values() if account.hold_until]
        self.life.release(pick(place, held, list(self.reference.accounts.values())))
        self._count("release")

    @step(place=places)
    def suspend_or_reinstate(self, place: int) -> None:
        account = self._account(place)
        self.life.set_account_active(account, not account.active)
        self._count("suspend or reinstate an account")

    @step(place=places)
    def dispute(self, place: int) -> None:
        self.life.set_dispute(pick(place, self._invoices(False), self._invoices(True)), True)
        self._count("dispute")

    @step(place=places)
    def undispute(self, place: int) -> None:
        self.life.set_dispute(pick(place, self._invoices(True), self._invoices(False)), False)
        self._count("undispute")

    def _invoices(self, disputed: bool) -> list[plain.Invoice]:
        accounts = self.reference.accounts.values()
        return [
            each for account in accounts for each in account.invoices.values() if each.disputed == disputed
        ]

    @step(7, place=places, days=whole(0, 3))
    def extend_grace(self, place: int, days: int) -> None:
        until = self.reference.today + timedelta(days=days)
        subject = self._subject(place)
        self._count("extend grace", self.life.perform(subject, "extend_grace_period", until) or "extended")

    @step(place=places)
    def deactivate_by_hand(self, place: int) -> None:
        subject = self._subject(place)
        self._count(
            "deactivate by hand", self.life.perform(subject, "deactivate_subscription") or "deactivated"
        )

    @step(3, place=places)
    def activate_by_hand(self, place: int) -> None:
        everyone = list(self.reference.subscriptions.values())
        off = [each for each in everyone if each.state == "not_effective"]
        answer = self.life.perform(pick(place, off, everyone), "activate_subscription")
        self._count("activate by hand", answer or "activated")


@contextmanager
def a_life() -> Iterator[Lives]:
    """Begins in the world as it was set up; at its end everything holds, and nothing stays."""
    with transaction.atomic():
        lives = Lives()
        try:
            yield lives
            lives.life.end()
        finally:
            transaction.set_rollback(True)
            clock.stand_at(BEGIN)


def live(number: int) -> None:
    """The life with this number. Raises AssertionError with the fewest of its steps that go wrong."""
    source, taken = Random(number), []
    try:
        with a_life() as lives:
            taken = lives.taken
            lives.take("create", actor="olga", name=NAMES[0], code="ALPHA", content=contents(source))
            while len(taken) < STEPS_A_LIFE:
                lives.take_any(source)
    except Exception as error:
        steps = "\n".join(f"    {name!r}, {arguments!r}" for name, arguments in fewest(list(taken)))
        raise AssertionError(f"life {number}: {error}\n{steps}") from error
    COUNTS["lives"] += 1
    COUNTS.update({f"seen: {what}": times for what, times in lives.reference.seen.items()})


def replay(taken: list[Taken]) -> None:
    with a_life() as lives:
        for name, arguments in taken:
            lives.take(name, **arguments)


def fewest(taken: list[Taken]) -> list[Taken]:
    """Leaves out, one at a time, the steps without which it goes wrong as well."""
    for position in reversed(range(len(taken))):
        without = taken[:position] + taken[position + 1 :]
        try:
            replay(without)
        except Exception:
            taken = without
    return taken
