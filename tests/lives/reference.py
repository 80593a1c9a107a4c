"""A second, plain account of the rules on definitions and runs, small enough to be read against the domain rules.

It knows a few subscriptions on a few accounts, and foretells what each step leaves behind. It imports nothing of
the product. Dates and instants are as in the product; amounts are in cents of one currency.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

EDIT, CONDUCT, APPROVE = "edit", "conduct", "approve"
MAY = {
    "olga": {EDIT, CONDUCT, APPROVE},
    "root": {EDIT, CONDUCT, APPROVE},
    "anna": {APPROVE},
}
OPEN = ("in_progress", "awaiting_approval", "paused")
ENDED = ("completed", "failed", "cancelled")
DAY = timedelta(days=1)


class Refusal(Exception):
    """The rules refuse the step, with this code."""


class Killed(BaseException):
    """The process died at a failpoint; like a kill, nothing catches it on its way out."""


@dataclass
class Faults:
    """What goes wrong during one step. `kill` is a failpoint and which passage of it."""

    kill: tuple[str, int] | None = None
    selection_fails: bool = False
    database_lost: bool = False
    batch_fails_once: bool = False
    cursed: str = ""  # the subscription on which every change fails
    passed: Counter[str] = field(default_factory=Counter)

    def pass_by(self, point: str) -> None:
        self.passed[point] += 1
        if self.kill and self.kill == (point, self.passed[point]):
            raise Killed(point)


@dataclass
class Invoice:
    number: str
    due_on: date
    unsettled: int
    disputed: bool = False


@dataclass
class Payment:
    reference: str
    received_on: date
    amount: int
    state: str  # pending, posted, failed, reversed
    unallocated: int = 0
    settled: Counter[str] = field(default_factory=Counter)


@dataclass
class Account:
    number: str
    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    active: bool = True
    hold_until: date | None = None

    def owes(self, *, due_before: date | None = None, undisputed_only: bool = False) -> int:
        return sum(
            invoice.unsettled
            for invoice in self.invoices.values()
            if (due_before is None or invoice.due_on < due_before)
            and not (undisputed_only and invoice.disputed)
        )

    def pending(self) -> int:
        return sum(payment.amount for payment in self.payments.values() if payment.state == "pending")

    def settle_from_credit(self) -> None:
        credit = [payment for payment in self.payments.values() if payment.state == "posted"]
        for payment in sorted(credit, key=lambda each: (each.received_on, each.reference)):
            for invoice in sorted(self.invoices.values(), key=lambda each: (each.due_on, each.number)):
                part = min(payment.unallocated, invoice.unsettled)
                payment.unallocated -= part
                invoice.unsettled -= part
                payment.settled[invoice.number] += part


@dataclass
class Subscription:
    number: str
    account: Account
    grace_start: date | None = None
    grace_end: date | None = None
    never_disconnect: bool = False
    free: bool = False
    state: str = "effective"
    revision: int = 1
    reactivated_on: date | None = None
    grace_open: bool = False
    granted_by: int = 0  # the revision whose action granted the interval

    def __post_init__(self) -> None:
        self.grace_open = self.grace_end is not None
        self.granted_by = 1 if self.grace_open else 0


@dataclass
class Version:
    number: int
    content: dict[str, Any]
    edited_by: str


@dataclass
class Definition:
    code: str
    name: str
    edited_by: str
    versions: list[Version]
    effective: bool = True

    @property
    def latest(self) -> Version:
        return self.versions[-1]


@dataclass
class Item:
    witness: int
    outcome: str = "pending"
    code: str | None = None
    done_at: datetime | None = None
    undone: bool = False


@dataclass
class Batch:
    wave: int
    subjects: list[str]
    finished_at: datetime | None = None


@dataclass(eq=False)
class Run:
    definition: Definition
    version: Version
    submitted_by: str
    nominal_on: date
    window_from: date
    planned_at: datetime | None = None
    undo_of: "Run | None" = None
    state: str = "draft"
    code: str = ""
    frozen: bool = False
    items: dict[str, Item] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    held_at: datetime | None = None
    approved_by: str = ""
    approved_at: datetime | None = None
    canary_passed: bool = False
    key: int = 0  # the product's key, by which it orders runs
    begun: bool = False

    def __post_init__(self) -> None:
        self.begun = self.state != "draft"

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def held(self) -> bool:
        """It waits for somebody's word."""
        return self.state == "awaiting_approval" or (self.state == "paused" and self.code == "safety_brake")

    def move(self, *sources: str, to: str, code: str = "") -> None:
        if self.state not in sources:
            raise Refusal("illegal_transition")
        self.state, self.code = to, code
        self.begun = self.begun or to != "cancelled"


class Schedule:
    """The instants of a schedule. Local times are of the organisation's zone."""

    def __init__(self, content: dict[str, Any], zone: ZoneInfo) -> None:
        self.zone, self.method = zone, content["method"]
        self.content = content

    def instant(self, local: datetime) -> datetime:
        """A local time that is skipped is the first instant after the gap; of two, it is the first."""
        found = local.replace(tzinfo=self.zone).astimezone(UTC)
        minute = timedelta(minutes=1)
        while self._shows(found) > local and self._shows(found - minute) > local:
            found -= minute
        return found

    def _shows(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def first_from(self, moment: datetime) -> datetime | None:
        """The first occurrence at or after the moment."""
        return next((slot for slot in self._slots(moment) if slot >= moment), None)

    def _slots(self, moment: datetime) -> Iterator[datetime]:
        """Occurrences in order, from one at or before the moment on."""
        if self.method == "at":
            yield self.instant(_local(self.content["at"]))
            return
        start, every, unit = _local(self.content["start"]), self.content["every"], self.content["unit"]
        first = self.instant(start)
        skipped = max(0, (moment - first) // timedelta(**{unit: every}) - 2)
        end = self.content.get("end")
        ends = self.instant(datetime.combine(date.fromisoformat(end) + DAY, time.min)) if end else None
        for n in count(skipped):
            passed = timedelta(**{unit: n * every})
            slot = self.instant(start + passed) if unit == "days" else first + passed
            if ends and slot >= ends:
                return
            yield slot


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Reference:
    """The whole world as the rules describe it. Each method is one step; a refused step raises Refusal."""

    def __init__(self, now: datetime, zone: ZoneInfo, subscriptions: list[Subscription]) -> None:
        self.now, self.zone = now, zone
        self.subscriptions = {each.number: each for each in subscriptions}
        self.accounts = {each.account.number: each.account for each in subscriptions}
        self.definitions: list[Definition] = []
        self.runs: list[Run] = []
        self.stand_by = False
        self.faults = Faults()
        self.seen: Counter[str] = Counter()  # what happened, for the tests to see that it did

    @property
    def today(self) -> date:
        return self._day(self.now)

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    # Definitions

    def apply(self, actor: str, name: str, code: str, content: dict[str, Any]) -> str:
        """Returns created, edited, new_version, renamed or unchanged."""
        _require(actor, EDIT)
        if content["throttle"] and content["schedule"]["method"] != "repeat":
            raise Refusal("invalid_definition")
        found = self._find(code, name)
        if found is None:
            return self._create(actor, name, code, content)
        renamed = found.name != name
        if renamed:
            self._refuse_used_name(name)
            found.name, found.edited_by = name, actor
        if found.latest.content == content:
            return "renamed" if renamed else "unchanged"
        found.edited_by = actor
        if any(run.version is found.latest for run in self.runs):
            found.versions.append(Version(found.latest.number + 1, content, actor))
            return "new_version"
        found.latest.content, found.latest.edited_by = content, actor
        return "edited"

    def _find(self, code: str, name: str) -> Definition | None:
        for each in self.definitions:
            if each.code == code if code else each.name == name:
                return each
        return None

    def _create(self, actor: str, name: str, code: str, content: dict[str, Any]) -> str:
        code = code or "".join(word[0] for word in name.split()).upper()
        if any(each.code == code for each in self.definitions):
            raise Refusal("code_in_use")
        self._refuse_used_name(name)
        self.definitions.append(Definition(code, name, actor, [Version(1, content, actor)]))
        return "created"

    def _refuse_used_name(self, name: str) -> None:
        if any(each.name == name for each in self.definitions):
            raise Refusal("name_in_use")

    def set_effective(self, actor: str, definition: Definition, effective: bool) -> None:
        """Not an edit: whoever does it may still approve."""
        _require(actor, EDIT)
        definition.effective = effective

    def delete_definition(self, actor: str, definition: Definition) -> None:
        _require(actor, EDIT)
        runs = self.runs_of(definition)
        if any(run.begun or run.state != "cancelled" for run in runs):
            raise Refusal("definition_has_runs")
        self.runs = [run for run in self.runs if run not in runs]
        self.definitions.remove(definition)

    def runs_of(self, definition: Definition) -> list[Run]:
        return [run for run in self.runs if run.definition is definition]

    # Plans

    def submit(self, actor: str, definition: Definition) -> Run:
        _require(actor, CONDUCT)
        _require_effective(definition)
        planned = self.planned_of(definition)
        if planned and planned.version is definition.latest:
            return planned
        slot = self._first_slot(definition)
        if planned:
            planned.move("draft", to="cancelled", code="superseded")
            self.seen["superseded"] += 1
        return self._plan(definition, definition.latest, slot, actor)

    def planned_of(self, definition: Definition) -> Run | None:
        return next((run for run in self.runs_of(definition) if run.state == "draft"), None)

    def open_of(self, definition: Definition) -> Run | None:
        return next((run for run in self.runs_of(definition) if run.open), None)

    def _first_slot(self, definition: Definition) -> datetime | None:
        """From now on; one that a run has had already is not had again."""
        content = definition.latest.content["schedule"]
        if content["method"] == "now":
            return None
        had = [
            run.planned_at
            for run in self.runs_of(definition)
            if run.planned_at and run.planned_at >= self.now and run.state not in ("draft", "cancelled")
        ]
        since = max(had) + timedelta(seconds=1) if had else self.now
        slot = Schedule(content, self.zone).first_from(since)
        if slot is None:
            raise Refusal("at_in_the_past" if content["method"] == "at" else "no_occurrence")
        return slot

    def _plan(self, definition: Definition, version: Version, slot: datetime | None, actor: str) -> Run:
        day = self._day(slot) if slot else self.today
        run = Run(definition, version, actor, day, day, planned_at=slot)
        self.runs.append(run)
        return run

    def delete_run(self, actor: str, run: Run) -> None:
        _require(actor, CONDUCT)
        if run.state != "draft":
            raise Refusal("run_not_draft")
        self.runs.remove(run)

    # Persons and runs

    def start(self, actor: str, definition: Definition) -> Run:
        _require(actor, CONDUCT)
        _require_effective(definition)
        self._refuse_while_open(definition)
        run = Run(definition, definition.latest, actor, self.today, self.today, state="in_progress")
        self.runs.append(run)
        return run

    def _refuse_while_open(self, definition: Definition) -> None:
        if self.open_of(definition):
            raise Refusal("run_open")

    def undo(self, actor: str, run: Run) -> Run:
        _require(actor, CONDUCT)
        if run.undo_of:
            raise Refusal("run_is_an_undo")
        self._refuse_while_open(run.definition)
        if run.state not in ENDED:
            raise Refusal("run_not_ended")
        undo = Run(
            run.definition, run.version, actor, self.today, self.today, undo_of=run, state="in_progress"
        )
        self.runs.append(undo)
        return undo

    def pause(self, actor: str, run: Run) -> None:
        _require(actor, CONDUCT)
        run.move("in_progress", to="paused", code="by_person")

    def cancel(self, actor: str, run: Run) -> None:
        _require(actor, CONDUCT)
        run.move("draft", *OPEN, to="cancelled", code="by_person")

    def resume(self, actor: str, run: Run) -> None:
        _require(actor, CONDUCT)
        if run.state in ("in_progress", "completed"):
            return
        if run.held:
            raise Refusal("approval_needed")
        if run.state == "failed":
            self._refuse_while_open(run.definition)
        if run.code == "canary":
            run.canary_passed = True
        run.move("paused", "failed", to="in_progress")

    def approve(self, actor: str, run: Run) -> None:
        _require(actor, APPROVE)
        if self._expires(run):
            raise Refusal("approval_expired")
        if not run.held:
            raise Refusal("not_awaiting_approval")
        if actor in {run.submitted_by, run.version.edited_by, run.definition.edited_by}:
            raise Refusal("own_approval")
        run.approved_by, run.approved_at = actor, self.now
        run.move("awaiting_approval", "paused", to="in_progress")

    def _expires(self, run: Run) -> bool:
        if not run.held or run.held_at is None or self.now < run.held_at + DAY:
            return False
        run.move(*OPEN, to="cancelled", code="approval_expired")
        self.seen["approval_expired"] += 1
        return True

    # The scheduler

    def tick(self) -> None:
        for run in self.runs:
            self._expires(run)
        if not self.stand_by:
            for run in [run for run in self.runs if run.state == "draft"]:
                if run.planned_at is None or run.planned_at <= self.now:
                    self._fire(run)
        for run in sorted(
            (run for run in self.runs if run.state == "in_progress"), key=lambda each: each.key
        ):
            self.carry_on(run)

    def _fire(self, run: Run) -> None:
        if not run.definition.effective:
            run.move("draft", to="cancelled", code="definition_not_effective")
            self.seen["definition_not_effective"] += 1
            return
        if self.open_of(run.definition):
            self.seen["waited_for_open_run"] += 1
            return
        self.faults.pass_by("runs.fire.after_start")
        self.faults.pass_by("runs.fire.before_commit")
        run.move("draft", to="in_progress")
        if run.version.content["schedule"]["method"] == "repeat":
            following = self._merge_missed(run)
            if following:
                self._plan(run.definition, run.version, following, run.submitted_by)

    def _merge_missed(self, run: Run) -> datetime | None:
        """The run takes the latest occurrence that is due; its window begins with the earliest."""
        schedule = Schedule(run.version.content["schedule"], self.zone)
        second = timedelta(seconds=1)
        following = schedule.first_from(run.planned_at + second)
        while following and following <= self.now:
            run.planned_at = following
            following = schedule.first_from(following + second)
        run.nominal_on = self._day(run.planned_at)
        if run.nominal_on > run.window_from:
            self.seen["merged"] += 1
        return following

    # Carrying out

    def carry_on(self, run: Run, steps: int | None = None) -> None:
        """All that can be done now, or so many steps of it."""
        for _ in count() if steps is None else range(steps):
            if run.state != "in_progress" or not self._step(run):
                return

    def _step(self, run: Run) -> bool:
        """False where it has to wait."""
        if not run.frozen:
            self._select(run)
            return True
        left = [batch for batch in run.batches if batch.finished_at is None]
        if not left:
            self.faults.pass_by("runs.before_complete")
            run.move("in_progress", to="completed")
            return True
        if self._too_late(run):
            run.move("in_progress", to="paused", code="safety_brake")
            run.held_at = self.now
            self.seen["held_before_its_first_change"] += 1
            return True
        wave = min(batch.wave for batch in left)
        if wave > 0 and not run.canary_passed and any(batch.wave == 0 for batch in run.batches):
            run.move("in_progress", to="paused", code="canary")
            self.seen["canary"] += 1
            return True
        if self._throttle_ends(run, wave) > self.now:
            self.seen["throttled"] += 1
            return False
        self._carry_out(run, next(batch for batch in left if batch.wave == wave))
        return True

    def waits_until(self, run: Run) -> datetime | None:
        """When a run that can do nothing now goes on."""
        left = [batch.wave for batch in run.batches if batch.finished_at is None]
        if run.state != "in_progress" or not run.frozen or not left or self._too_late(run):
            return None
        if min(left) > 0 and not run.canary_passed and any(batch.wave == 0 for batch in run.batches):
            return None
        ends = self._throttle_ends(run, min(left))
        return ends if ends > self.now else None

    def _too_late(self, run: Run) -> bool:
        """It has changed nothing yet, and its date is too far away by now; an approval counts for a day."""
        lately = run.approved_at is not None and abs(self.now - run.approved_at) < DAY
        begun = any(batch.finished_at is not None for batch in run.batches)
        return not run.undo_of and not lately and not begun and abs((run.nominal_on - self.today).days) > 3

    def _throttle_ends(self, run: Run, wave: int) -> datetime:
        throttle = run.version.content["throttle"]
        finished = [batch.finished_at for batch in run.batches if batch.wave < wave and batch.finished_at]
        if run.undo_of or not throttle or not finished:
            return self.now
        return max(finished) + timedelta(minutes=throttle["wait_minutes"])

    def _select(self, run: Run) -> None:
        if self.faults.selection_fails:
            run.move("in_progress", to="failed", code="selection_failed")
            self.seen["selection_failed"] += 1
            return
        self.faults.pass_by("runs.freeze.after_items")
        self.faults.pass_by("runs.freeze.after_batches")
        if run.undo_of:
            done = {number: item for number, item in run.undo_of.items.items() if item.outcome == "done"}
            run.items = {number: Item(witness=item.witness) for number, item in done.items()}
        else:
            chosen = [each for each in self.subscriptions.values() if self._matches(run, each)]
            run.items = {each.number: Item(witness=each.granted_by) for each in chosen}
        run.frozen = True
        self._cut(run)
        self._hold(run)
        self.faults.pass_by("runs.freeze.after_commit")

    def _cut(self, run: Run) -> None:
        content = run.version.content
        numbers = list(run.items)
        canary = 0 if run.undo_of else content["canary"] or 0
        throttle = None if run.undo_of else content["throttle"]
        size = throttle["batch"] if throttle else max(len(numbers), 1)
        if numbers[:canary]:
            run.batches.append(Batch(0, numbers[:canary]))
        for wave, start in enumerate(range(canary, len(numbers), size), 1):
            run.batches.append(Batch(wave, numbers[start : start + size]))

    def _hold(self, run: Run) -> None:
        if run.undo_of or not run.items:
            return
        if self._brakes(run):
            run.move("in_progress", to="paused", code="safety_brake")
        elif run.version.content["approval"]:
            run.move("in_progress", to="awaiting_approval", code="approval_required")
        else:
            return
        run.held_at = self.now
        self.seen[run.code] += 1

    def _brakes(self, run: Run) -> bool:
        if abs((run.nominal_on - self.today).days) > 3:
            self.seen["braked_by_date"] += 1
            return True
        earlier = [
            item
            for other in self.runs_of(run.definition)
            if not other.undo_of
            for item in other.items.values()
            if item.outcome == "done" and item.done_at > self.now - DAY and not item.undone
        ]
        would_do = [number for number in run.items if not self._protected(run, self.subscriptions[number])]
        if len(would_do) <= run.version.content["max_affected"] < len(earlier) + len(would_do):
            self.seen["braked_by_the_last_24_hours"] += 1
        return len(earlier) + len(would_do) > run.version.content["max_affected"]

    def _matches(self, run: Run, subject: Subscription) -> bool:
        return (
            subject.state == "effective"
            and not subject.free
            and subject.grace_open
            and run.window_from - run.version.content["days"] * DAY <= subject.grace_end <= run.nominal_on
            and subject.account.owes() > 0
        )

    def _protected(self, run: Run, subject: Subscription) -> str:
        """The first code that applies, '' where none does."""
        content, account = run.version.content, subject.account
        cut_off = run.nominal_on if content["debt_guard"] == "overdue" else None
        counting, undisputed = (
            account.owes(due_before=cut_off),
            account.owes(due_before=cut_off, undisputed_only=True),
        )
        since = (run.nominal_on - subject.reactivated_on).days if subject.reactivated_on else None
        codes = {
            "account_not_active": not account.active,
            "never_disconnect": subject.never_disconnect,
            "on_hold": account.hold_until is not None and account.hold_until >= self.today,
            "disputed": counting > 0 and undisputed == 0,
            "nothing_overdue": content["debt_guard"] == "overdue" and undisputed == 0,
            "payment_in_flight": undisputed > 0 and account.pending() >= undisputed,
            "recently_reactivated": since is not None and content["recently"] > max(since, 0),
        }
        return next((code for code, applies in codes.items() if applies), "")

    def _carry_out(self, run: Run, batch: Batch) -> None:
        if self.faults.database_lost:
            run.move("in_progress", to="failed", code="database_lost")
            self.seen["database_lost"] += 1
            return
        points = ("after_claim", "after_locks", "after_actions", "after_audit", "before_commit")
        for point in points:
            self.faults.pass_by(f"runs.batch.{point}")
        failed = {self.faults.cursed} & set(batch.subjects)
        if self.faults.batch_fails_once:
            self.faults.batch_fails_once = False
            self.seen["batch_failed_once"] += 1
            failed |= set(batch.subjects) if len(batch.subjects) == 1 else set()
        for number in batch.subjects:
            item, subject = run.items[number], self.subscriptions[number]
            change: Callable = self._take_back if run.undo_of else self._deactivate
            code = "action_failed" if number in failed else change(run, item, subject)
            error = code in ("action_failed", "account_not_active")
            item.outcome = "error" if error else "skipped" if code else "done"
            item.code, item.done_at = code or None, self.now
            self.seen[f"{'undo' if run.undo_of else 'item'}:{code or 'done'}"] += 1
        batch.finished_at = self.now
        self.faults.pass_by("runs.batch.after_commit")

    def _deactivate(self, run: Run, item: Item, subject: Subscription) -> str:
        if subject.account.owes() == 0:
            return "settled_since_selection"
        if code := self._protected(run, subject):
            return code
        if not subject.grace_open or subject.granted_by != item.witness:
            return "grace_changed"
        if not self._matches(run, subject):
            return "no_longer_matches"
        subject.state, subject.grace_open = "not_effective", False
        subject.revision += 1
        item.witness = subject.revision
        return ""

    def _take_back(self, run: Run, item: Item, subject: Subscription) -> str:
        if subject.state != "not_effective" or subject.revision != item.witness:
            return "changed_since"
        subject.state, subject.grace_open = "effective", True
        subject.revision += 1
        subject.reactivated_on = self.today
        assert run.undo_of
        run.undo_of.items[subject.number].undone = True
        return ""

    # Customers, meanwhile

    def announce(self, account: Account, reference: str, amount: int) -> None:
        account.payments[reference] = Payment(reference, self.today, amount, "pending")

    def post(self, account: Account, reference: str, amount: int) -> None:
        account.payments[reference] = Payment(reference, self.today, amount, "posted", amount)
        account.settle_from_credit()

    def fail_payment(self, account: Account, reference: str) -> None:
        account.payments[reference].state = "failed"

    def reverse(self, account: Account, reference: str) -> None:
        payment = account.payments[reference]
        if payment.state == "reversed":
            return
        if payment.state != "posted":
            raise Refusal("payment_not_posted")
        for number, part in payment.settled.items():
            account.invoices[number].unsettled += part
        payment.state, payment.unallocated = "reversed", 0
        account.settle_from_credit()

    def hold(self, account: Account, until: date) -> None:
        if until < self.today:
            raise Refusal("in_the_past")
        account.hold_until = until

    def perform(self, subject: Subscription, behaviour: str, until: date | None = None) -> None:
        sources = {
            "activate_subscription": ("not_effective",),
            "deactivate_subscription": ("effective",),
            "extend_grace_period": ("effective", "not_effective"),
        }
        if until and until < self.today:
            raise Refusal("until_too_early")
        if subject.state not in sources[behaviour]:
            raise Refusal("illegal_transition")
        before, subject.state = subject.state, "effective"
        subject.revision += 1
        if behaviour == "extend_grace_period":
            subject.grace_start, subject.grace_end = self.today, until
            subject.grace_open, subject.granted_by = True, subject.revision
        if behaviour == "deactivate_subscription":
            subject.state, subject.grace_open = "not_effective", False
        elif before == "not_effective":
            subject.reactivated_on = self.today


def _require(actor: str, permission: str) -> None:
    if permission not in MAY[actor]:
        raise Refusal("not_permitted")


def _require_effective(definition: Definition) -> None:
    if not definition.effective:
        raise Refusal("definition_not_effective")
