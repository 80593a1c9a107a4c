"""What a seed stands for: a base with its dates, tolerance and merged window, and the questions asked about it."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from . import generator, oracle
from .rows import Base

RUN_DATES = (
    generator.RUN_DATE,
    date(2016, 2, 29),
    date(2015, 12, 31),
    date(2016, 3, 1),
    date(2015, 10, 25),
)
DAYS_LATE = (0, 0, 0, 1, -1, 3)
TOLERANCES = ({"EUR": 5000}, {}, {"EUR": 1, "GBP": 2000, "JPY": 50}, {})
ENVIRONMENT_VARIABLE = "LAPWING_TEST_DOSE"
FULL = os.environ.get(ENVIRONMENT_VARIABLE) == "full"
SEEDS = range(600 if FULL else 30)
DEFINITIONS_A_BASE = 34


@dataclass(frozen=True)
class Scenario:
    """Run dates are month ends, leap days and the day of a clock change; a run is on time, late or early."""

    seed: int

    @property
    def run_date(self) -> date:
        return RUN_DATES[self.seed % len(RUN_DATES)]

    @property
    def today(self) -> date:
        return self.run_date + timedelta(DAYS_LATE[self.seed % len(DAYS_LATE)])

    @property
    def window_from(self) -> date | None:
        """The earliest date merged into the run; none where it merges nothing."""
        return self.run_date - timedelta(3) if self.seed % 7 == 0 else None

    @property
    def tolerance(self) -> dict[str, int]:
        return TOLERANCES[self.seed % len(TOLERANCES)]

    @cached_property
    def base(self) -> Base:
        return generator.make_base(self.seed, run_date=self.run_date, today=self.today)

    @cached_property
    def cut_for_debt(self) -> set[str]:
        return generator.make_cut_for_debt(self.rng("cut for debt"), self.base)

    def rng(self, purpose: str) -> random.Random:
        return random.Random(f"{purpose} {self.seed}")

    def definitions(self, count: int = DEFINITIONS_A_BASE) -> list[dict[str, Any]]:
        rng = self.rng("definitions")
        return [
            generator.make_definition(rng, self.base, self.run_date, window_from=self.window_from)
            for _ in range(count)
        ]

    def activations(self, count: int) -> list[dict[str, Any]]:
        rng = self.rng("activations")
        return [
            generator.make_activation_definition(rng, self.base, self.run_date, self.cut_for_debt)
            for _ in range(count)
        ]


@dataclass(frozen=True)
class Question:
    """The oracle's answers about a base of a scenario: as it was made, or changed since by events and runs.

    `cut_by_runs` are those that a run has deactivated since. Whoever is not effective any other way than at
    first was cut by a run.
    """

    scenario: Scenario
    base: Base
    cut_by_runs: frozenset[str] = frozenset()

    @cached_property
    def options(self) -> dict[str, Any]:
        """What the oracle is told beside base, definition and run date."""
        cut = self.scenario.cut_for_debt | self.cut_by_runs
        stopped = {row.number for row in self.base.subscriptions if row.state == "not_effective"}
        return {
            "today": self.scenario.today,
            "window_from": self.scenario.window_from,
            "tolerance": self.scenario.tolerance,
            "cut_for_debt": cut & stopped,
        }

    def opinions(self, definition: dict[str, Any]) -> dict[str, oracle.Opinion]:
        return oracle.explain_all(self.base, definition, self.scenario.run_date, **self.options)

    def frozen(self, definition: dict[str, Any]) -> dict[str, oracle.Frozen]:
        return oracle.freeze(self.base, definition, self.scenario.run_date, **self.options)

    def preview(self, definition: dict[str, Any]) -> dict[str, Any]:
        return oracle.preview(self.base, definition, self.scenario.run_date, **self.options)

    def run(self, definition: dict[str, Any], disturbed: Base) -> tuple[dict[str, oracle.Item], Base]:
        return oracle.run(
            self.base,
            definition,
            self.scenario.run_date,
            disturb=lambda _: disturbed,
            **self.options,
        )
