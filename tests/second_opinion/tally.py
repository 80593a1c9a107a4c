"""What all comparisons together have met: how often each code, and a digest of every row the product gave.

Each seed leaves its tally in a folder that the workers of one session share; the one that finishes last adds
them up, so it does not matter which worker compared which seed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import oracle

AT_LEAST = 20
OTHER_GRACE = "at action: grace_changed, where the new grace matches as well"
CRITERIA = (
    "life_cycle_state",
    "grace_period_end",
    "not_free",
    "unsettled",
    "cut_off_for_debt",
    "settled",
    "subscription_types",
    "price_plans",
    "billing_frequencies",
    "billing_term_schemes",
    "binding_state",
    "binding_periods",
    "classifications",
    "credit_ratings",
    "balance",
    "outstanding",
)
FLOORS: dict[str, int] = {
    "bases": 30,
    "definitions": 1000,
    "whole runs with undo": 75,
    "whole runs of activate_settled": 18,
    "explanations": 2000,
    **{f"at selection: {code}": AT_LEAST for code in ("done", *oracle.PROTECTIONS)},
    **{f"at action: {code}": AT_LEAST for code in ("done", *oracle.CODES)},
    OTHER_GRACE: AT_LEAST,
    **{f"at undo: {code}": AT_LEAST for code in ("done", "changed_since")},
    **{f"activation, at selection: {code}": AT_LEAST for code in ("done", "account_not_active")},
    **{
        f"activation, at action: {code}": AT_LEAST
        for code in ("done", "account_not_active", "no_longer_matches")
    },
    **{f"criterion {name} {result}": AT_LEAST for name in CRITERIA for result in ("passed", "failed")},
}


class Tally:
    """Counts and digest of one seed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._digest = hashlib.sha256()

    def count(self, what: str, codes: Iterable[str] | Counter[str]) -> None:
        self.counts.update({f"{what}: {code}": times for code, times in Counter(codes).items()})

    def rows(self, title: str, rows: dict[str, Any]) -> None:
        """Takes the product's rows into the digest, in the order of their numbers."""
        for key in sorted(rows):
            self._digest.update(f"{title}|{key}|{rows[key]!r}\n".encode())

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def leave(tally: Tally, seed: int, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    draft = folder / f"{seed}.draft"
    draft.write_text(json.dumps({"counts": tally.counts, "digest": tally.digest}))
    draft.rename(folder / f"{seed}.json")


def left_digests(folder: Path) -> dict[int, str]:
    return {int(path.stem): json.loads(path.read_text())["digest"] for path in folder.glob("*.json")}


def added_up(folder: Path) -> tuple[Counter[str], str]:
    """The sum of all counts, and one digest over all seeds in their order."""
    counts: Counter[str] = Counter()
    for path in folder.glob("*.json"):
        counts.update(json.loads(path.read_text())["counts"])
    digests = left_digests(folder)
    lines = "\n".join(f"{seed} {digests[seed]}" for seed in sorted(digests))
    return counts, hashlib.sha256(lines.encode()).hexdigest()


def in_words(counts: Counter[str], digest: str) -> str:
    lines = [f"  {name:64} {counts[name]:9,}" for name in sorted({*counts, *FLOORS}, key=_place)]
    return "\n".join(["product and oracle agree; compared were", *lines, f"  digest of all rows {digest}"])


def _place(name: str) -> tuple[int, str]:
    names = list(FLOORS)
    return (names.index(name) if name in names else len(names), name)


def missed(counts: Counter[str]) -> list[str]:
    return [
        f"{name}: {counts[name]}, expected {floor} or more"
        for name, floor in FLOORS.items()
        if counts[name] < floor
    ]
