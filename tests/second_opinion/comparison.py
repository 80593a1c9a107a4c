"""Compares product and oracle about one scenario: figures, answers to definitions, and whole runs with their undo.

Every difference is an assertion that names the seed and the definition. What the product answered goes into the
tally, so that two databases can be compared row by row.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.core.invariants import all_invariants
from lapwing.core.sql import analyze
from lapwing.identity.models import Organisation
from lapwing.receivables.models import OpenItem
from lapwing.runs.actions.apply_definition import apply_definition
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.undo_run import undo_run
from lapwing.runs.execution import conduct, next_at
from lapwing.runs.freeze import freeze
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Run
from lapwing.runs.states import RunState
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from tests.conftest import set_up_organisation

from . import generator, oracle
from .answers import Asked, Names, Selected, apply_events, frozen_items, items_of, outcomes
from .ledger import books_of
from .loading import by_import, load, one_by_one, read_base, read_unsettled
from .rows import Base
from .scenarios import Question, Scenario
from .tally import OTHER_GRACE, Tally

EXPLAINED = 3
SAMPLE = 20
COMPARED = ("accounts", "subscriptions", "invoices", "payments")
ENOUGH = 3
BATCH_SIZES = (None, 1, 7, 100)
KIND_BATCH_SIZES = (5_000, 3, 40)
BATCHES = 12  # about so many in one run: each costs the same, however small it is
Definition = dict[str, Any]


def compare(scenario: Scenario, directory: Path) -> Tally:
    """Everything about one scenario, in a database that holds nothing yet."""
    noon = datetime.combine(scenario.today, time(12), UTC)
    with clock.standing_at(noon), acting_as("root"):
        set_up_organisation()
        Organisation.objects.update(tolerance_minor=scenario.tolerance)
        return _Comparison(scenario, directory).everything()


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class _Comparison:
    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario, self.directory, self.tally = scenario, directory, Tally()
        self.as_made = Question(scenario, scenario.base)

    def everything(self) -> Tally:
        self.compare_loaded_base()
        definitions = self.scenario.definitions()
        activations = self.scenario.activations(3)
        for definition in (*definitions, *activations):
            self.compare_answers(self.as_made, definition)
            self.tally.counts["definitions"] += 1
        with taken_back():
            self.compare_run(self.one_that_selects(definitions[::2]), "undisturbed")
        with taken_back():
            self.compare_run(self.one_that_selects(definitions[1::2]), "disturbed")
        with taken_back():
            self.compare_run(self.one_that_selects(activations), "disturbed")
        self.compare_run(self.one_with_a_lower_bound(definitions), "paid down")
        self.assert_nothing_is_broken()
        self.tally.counts["bases"] += 1
        return self.tally

    def rng(self, purpose: str) -> random.Random:
        return self.scenario.rng(purpose)

    def one_that_selects(self, definitions: Sequence[Definition]) -> Definition:
        """One that selects a few at least, if there is any."""
        several = [each for each in definitions if len(self.as_made.frozen(each)) >= ENOUGH]
        return self.rng(f"choice among {len(several)}").choice(several or list(definitions))

    def one_with_a_lower_bound(self, definitions: Sequence[Definition]) -> Definition:
        bounded = [
            each
            for each in definitions
            if any((each["criteria"].get(name) or {}).get("more_than") for name in ("balance", "outstanding"))
        ]
        return self.one_that_selects(bounded or definitions)

    def compare_loaded_base(self) -> None:
        scenario = self.scenario
        load(
            scenario.base,
            post=one_by_one if scenario.seed % 12 == 5 else by_import,
            directory=self.directory,
            cut_for_debt=scenario.cut_for_debt,
        )
        for model in (OpenItem, Subscription, SubscriptionAction):
            analyze(model)
        self.names = Names()
        unsettled = read_unsettled()
        _assert_same(unsettled, oracle.unsettled_minor(scenario.base), f"seed {scenario.seed}, unsettled")
        self.tally.rows("unsettled", unsettled)
        self.assert_base_is(scenario.base, f"seed {scenario.seed}, loaded")

    def assert_base_is(self, expected: Base, where: str) -> None:
        found = read_base(expected)
        for name in COMPARED:
            rows = {_number(row): row for row in getattr(found, name)}
            _assert_same(rows, {_number(row): row for row in getattr(expected, name)}, f"{where}, {name}")
            self.tally.rows(name, rows)

    def ask(self, definition: Definition) -> Asked:
        scenario = self.scenario
        return Asked(
            definition,
            self.names,
            day=scenario.run_date,
            window_from=scenario.window_from,
            today=scenario.today,
        )

    def compare_answers(self, question: Question, definition: Definition) -> None:
        """Selection, verdicts, preview, and an explanation of a few."""
        where = f"seed {self.scenario.seed}, {definition['alternative_code']}"
        asked = self.ask(definition)
        opinions = question.opinions(definition)
        selected = {number: found for number, found in opinions.items() if found.selected}
        found = asked.selected()
        _assert_same(found, expected_selection(question.base, definition, selected), f"{where}, selection")
        verdicts = asked.verdicts()
        expected = {number: opinion.code for number, opinion in selected.items()}
        _assert_same(verdicts, expected, f"{where}, verdicts")
        preview, sample = asked.preview()
        _assert_same(preview, question.preview(definition), f"{where}, preview")
        assert sample == expected_sample(question.base, selected), f"{where}, sample"
        for number in self.to_explain(opinions):
            self.compare_explanation(asked, number, opinions[number], where)
        self.tally.rows("selected", found)
        self.tally.rows("verdicts", verdicts)
        self.tally.rows("preview", {where: sorted(map(repr, _flat(preview)))})
        self.tally.counts["answers"] += 1
        self.tally.count(_titled(definition, "at selection"), (code or "done" for code in verdicts.values()))

    def to_explain(self, opinions: dict[str, oracle.Opinion]) -> list[str]:
        """Those closest to a boundary: one criterion fails, or one protection alone applies; and any one."""
        rng = self.rng(f"explain {self.tally.counts['answers']}")
        narrowly = [n for n, found in opinions.items() if list(found.criteria.values()).count(False) == 1]
        protected = [n for n, found in opinions.items() if found.selected and found.code]
        chosen = [rng.choice(group) for group in (narrowly, protected, list(opinions)) if group]
        return sorted({*chosen[:EXPLAINED]})

    def compare_explanation(self, asked: Asked, number: str, opinion: oracle.Opinion, where: str) -> None:
        found = asked.explain(number)
        criteria = {check.name: check.passed for check in found.criteria}
        applying = {check.name for check in found.protections if check.passed}
        answer = (found.selected, found.outcome, found.code, found.amount_minor, found.currency)
        assert answer == (
            opinion.selected,
            opinion.outcome,
            opinion.code,
            opinion.amount_minor,
            opinion.currency,
        ), f"{where}, explain {number}"
        expected = {
            name.replace("cut_for_debt", "cut_off_for_debt"): p for name, p in opinion.criteria.items()
        }
        _assert_same(criteria, expected, f"{where}, criteria of {number}")
        expected_codes = {code for code, applies in opinion.protections.items() if applies}
        assert applying == expected_codes, f"{where}, protections of {number}"
        self.tally.rows("explained", {number: (answer, found.criteria, found.protections)})
        self.tally.counts["explanations"] += 1
        self.tally.counts.update(
            f"criterion {name} {'passed' if passed else 'failed'}" for name, passed in criteria.items()
        )

    def compare_run(self, definition: Definition, how: str) -> None:
        """A whole run: selection, what happens meanwhile, action, what happens afterwards, undo."""
        where = f"seed {self.scenario.seed}, run {definition['alternative_code']} {how}"
        preview, _ = self.ask(definition).preview()
        with self.batches(definition, how) as content:
            run = self.started(content)
            freeze(run.pk)
            frozen = self.as_made.frozen(definition)
            opinions = self.as_made.opinions(definition)
            selected = {number: opinions[number] for number in frozen}
            _assert_same(
                frozen_items(run.pk, self.names),
                expected_selection(self.scenario.base, definition, selected),
                f"{where}, list",
            )
            events = self.events(definition, how, list(frozen))
            apply_events(events)
            disturbed = generator.apply_disturbance(self.scenario.base, events, today=self.scenario.today)
            self.assert_base_is(disturbed, f"{where}, disturbed")
            run = self.carried_out(run)
        items = items_of(run, self.names)
        expected_items, after = self.as_made.run(definition, disturbed)
        _assert_same(items, {n: tuple(item) for n, item in expected_items.items()}, f"{where}, items")
        self.assert_base_is(after, f"{where}, afterwards")
        if how == "undisturbed":
            told = {"done": preview["would_do"], **preview["would_skip"], **preview["would_error"]}
            assert +outcomes(items) == {code: n for code, n in told.items() if n}, f"{where}, preview"
        self.tally.rows("items", items)
        self.tally.count(_titled(definition, "at action"), outcomes(items))
        self.tally.counts[OTHER_GRACE] += self.saved_by_the_witness(definition, disturbed, items)
        done = sorted(number for number, item in items.items() if item[0] == "done")
        cut = frozenset(done if definition["kind"] == "deactivate_in_grace" else [])
        again = self.scenario.activations(1)[0] if cut and how == "undisturbed" else definition
        self.compare_answers(Question(self.scenario, after, cut), again)
        if definition["kind"] == "deactivate_in_grace":
            self.compare_undo(definition, run, done, disturbed, after, where)
        else:
            self.assert_not_undoable(run, after, where)

    def assert_not_undoable(self, run: Run, after: Base, where: str) -> None:
        """Deactivations are undone; taking back an activation would take a service away."""
        with pytest.raises(Refused) as refused:
            undo_run(run.pk, reason="a mistake")
        assert refused.value.code == "not_undoable", where
        self.assert_base_is(after, f"{where}, after a refused undo")
        self.tally.counts["whole runs of activate_settled"] += 1

    def saved_by_the_witness(self, definition: Definition, disturbed: Base, items: dict[str, Any]) -> int:
        """How many were skipped as `grace_changed` although a run that began only now would cut them off."""
        changed = [number for number, item in items.items() if item[1] == "grace_changed"]
        opinions = Question(self.scenario, disturbed).opinions(definition) if changed else {}
        return sum(opinions[number].outcome == "done" for number in changed)

    def compare_undo(
        self, definition: Definition, run: Run, done: list[str], before: Base, after: Base, where: str
    ) -> None:
        today = self.scenario.today
        events = generator.make_aftermath(self.rng(f"after {where}"), after, done, today=today)
        apply_events(events)
        later = generator.apply_disturbance(after, events, today=today)
        changed = set(oracle.changed_since(later, done, before))
        undo = conduct(undo_run(run.pk, reason="a mistake").pk)
        assert undo.state == RunState.COMPLETED, f"{where}, undo is {undo.state}: {undo.description}"
        items = items_of(undo, self.names)
        expected = {n: ("skipped", "changed_since") if n in changed else ("done", "") for n in done}
        _assert_same({n: item[:2] for n, item in items.items()}, expected, f"{where}, undone")
        back = oracle.undo(later, done, before, today)
        self.assert_base_is(back, f"{where}, after undo")
        self.compare_answers(Question(self.scenario, back), definition)
        self.tally.rows("undone", items)
        self.tally.count("at undo", outcomes(items))
        self.tally.counts["whole runs with undo"] += 1

    @contextmanager
    def batches(self, definition: Definition, how: str) -> Iterator[Definition]:
        """The definition with a throttle, or without; and the kind's own batches of another size."""
        rng = self.rng(f"batches {how}")
        least = len(self.as_made.frozen(definition)) // BATCHES
        size = rng.choice([size for size in BATCH_SIZES if size is None or size >= least])
        content = dict(definition)
        if size is not None:
            noon = datetime.combine(self.scenario.today, time(12))
            content["schedule"] = {"method": "repeat", "start": str(noon), "every": 1, "unit": "days"}
            content["throttle"] = {"max_batch_size": size}
            if rng.random() < 0.5:
                content["throttle"]["start_again_after"] = {"value": 1, "unit": "minutes"}
        kind = kinds.get(definition["kind"])
        kind.batch_size = rng.choice([size for size in KIND_BATCH_SIZES if size >= least])
        try:
            yield content
        finally:
            del kind.batch_size

    def started(self, content: Definition) -> Run:
        """A run that is in progress for the scenario's dates, with nothing selected yet."""
        code = apply_definition(content).definition.alternative_code
        run = start_run(code)
        scenario = self.scenario
        run.nominal_on, run.window_from = scenario.run_date, scenario.window_from or scenario.run_date
        run.save()
        return run

    def carried_out(self, run: Run) -> Run:
        """Carries the run on through the waits of its throttle."""
        before = clock.now()
        run = conduct(run.pk)
        while run.state == RunState.IN_PROGRESS:
            at = next_at(run)
            assert at is not None and clock.now() < at < before + timedelta(hours=11), "waits for ever"
            clock.stand_at(at)
            run = conduct(run.pk)
        clock.stand_at(before)
        assert run.state == RunState.COMPLETED, f"run is {run.state} ({run.code}): {run.description}"
        return run

    def events(self, definition: Definition, how: str, frozen: list[str]) -> list[generator.Event]:
        rng, scenario = self.rng(f"events {how}"), self.scenario
        if how == "undisturbed" or not frozen:
            return []
        if definition["kind"] == "activate_settled":
            return generator.make_activation_disturbance(
                rng, scenario.base, today=scenario.today, among=frozen
            )
        events = generator.make_disturbance(rng, scenario.base, today=scenario.today, among=frozen)
        if how == "paid down":
            return events + generator.make_threshold_payments(
                rng, scenario.base, definition, scenario.run_date, frozen
            )
        return events + generator.make_new_graces(
            rng, scenario.base, events, today=scenario.today, among=frozen
        )

    def assert_nothing_is_broken(self) -> None:
        faults = [line for each in all_invariants() for line in each.find()]
        assert faults == [], f"seed {self.scenario.seed}: {faults[:5]}"


def expected_selection(
    base: Base, definition: Definition, selected: dict[str, oracle.Opinion]
) -> dict[str, Selected]:
    """What the selection must write down; a deactivation also keeps which invoices were the debt."""
    books = books_of(base)
    found = {}
    for number, opinion in selected.items():
        account = books.subscriptions[number].account
        debt: list[tuple[str, int]] = []
        if definition["kind"] == "deactivate_in_grace":
            debt = [(item.number, item.unsettled_minor) for item in books.figures(account).open_items]
        found[number] = Selected(account, opinion.amount_minor, opinion.currency, tuple(sorted(debt)))
    return found


def expected_sample(base: Base, selected: dict[str, oracle.Opinion]) -> list[str]:
    """The first that would be done, by the customer's name, then in the order of the base."""
    books = books_of(base)
    names = {row.number: row.name for row in base.customers}
    would_do = [number for number, opinion in selected.items() if opinion.outcome == "done"]
    would_do.sort(key=lambda number: names[books.accounts[books.subscriptions[number].account].customer])
    return would_do[:SAMPLE]


def _titled(definition: Definition, when: str) -> str:
    return when if definition["kind"] == "deactivate_in_grace" else f"activation, {when}"


def _number(row: Any) -> str:
    return row.reference if hasattr(row, "reference") else row.number


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _assert_same(found: dict[str, Any], expected: dict[str, Any], where: str) -> None:
    """Names the first few keys that differ, with both values."""
    if found == expected:
        return
    missing = object()
    differing = [
        f"{key}: found {found.get(key, 'nothing')!r}, expected {expected.get(key, 'nothing')!r}"
        for key in sorted(found.keys() | expected.keys())
        if found.get(key, missing) != expected.get(key, missing)
    ]
    raise AssertionError(f"{where}: {len(differing)} differ\n  " + "\n  ".join(differing[:8]))
