"""Sums what was tried over all rounds of a group, as one line and as figures for the sum of sums."""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.jobs.judge import Verdict

FIRST_SEED = int(os.environ.get("LAPWING_TEST_SEED", "1"))
FAULTS = ("kills", "freezes", "database", "broker", "others")
WORDS = {
    "kills": "kills",
    "freezes": "freezes",
    "database": "database restarts and cuts",
    "broker": "broker restarts and purges",
    "others": "other faults",
}


@dataclass
class Tally:
    """Of one group. `faults` counts by (sort of fault, where or how)."""

    label: str
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    jobs: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    seeds: list[int] = field(default_factory=list)
    missed: int = 0  # faults whose time did not come
    messages_lost: int = 0
    taken_over: int = 0  # attempts that others ended as lost while their holder was frozen

    def seed(self) -> int:
        """The next one; it decides everything that is left to chance in a round."""
        self.seeds.append(FIRST_SEED + len(self.seeds))
        return self.seeds[-1]

    def add(self, sort: str, how: str, times: int = 1) -> None:
        self.faults[sort, how] += times

    def of(self, sort: str) -> int:
        return sum(times for (each, _), times in self.faults.items() if each == sort)

    def judged(self, jobs: int, verdict: Verdict) -> None:
        """The end of a round."""
        seed = self.seeds[-1] if self.seeds else 0
        self.jobs += jobs
        for name in ("lost", "doubled", "stuck"):
            setattr(self.verdict, name, getattr(self.verdict, name) + getattr(verdict, name))
        self.verdict.found += [f"seed {seed}: {line}" for line in verdict.found]

    def line(self) -> str:
        tried = "; ".join(filter(None, map(self._words, FAULTS)))
        most = max((self.of(sort) for sort in FAULTS), default=0)
        return (
            f"{self.label}: {tried}, {self.jobs:,} jobs, lost {self.verdict.lost}, doubled {self.verdict.doubled}, "
            f"stuck {self.verdict.stuck}, {_seeds(self.seeds)} (bound 3/{most})"
        )

    def figures(self) -> dict[str, Any]:
        return {
            **{sort: self.of(sort) for sort in FAULTS},
            "jobs": self.jobs,
            "lost": self.verdict.lost,
            "doubled": self.verdict.doubled,
            "stuck": self.verdict.stuck,
            "seeds": self.seeds,
        }

    def _words(self, sort: str) -> str:
        if not self.of(sort):
            return ""
        how = sorted((how, times) for (each, how), times in self.faults.items() if each == sort)
        shown = ", ".join(f"{name} {times}" for name, times in _grouped(how))
        return f"{self.of(sort)} {WORDS[sort]} ({shown})"


def sum_line(figures: list[dict[str, Any]]) -> str:
    """One line over all groups."""
    sums = {
        name: sum(each[name] for each in figures) for name in (*FAULTS, "jobs", "lost", "doubled", "stuck")
    }
    tried = ", ".join(f"{sums[sort]:,} {WORDS[sort]}" for sort in FAULTS if sums[sort])
    seeds = [seed for each in figures for seed in each["seeds"]]
    return (
        f"jobs in all: {tried}, {sums['jobs']:,} jobs, lost {sums['lost']}, doubled {sums['doubled']}, "
        f"stuck {sums['stuck']}, {_seeds(seeds)} (bound 3/{sums['kills']} a kill)"
    )


def _grouped(how: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Named points count together; the docs list them."""
    named = sum(times for name, times in how if "." in name)
    rest = [(name, times) for name, times in how if "." not in name]
    return ([("named", named)] if named else []) + rest


def _seeds(seeds: list[int]) -> str:
    return f"seeds {min(seeds)}..{max(seeds)}" if seeds else "no chance"
