"""Runs trials, each from a fresh copy of a base and in a process of its own, and keeps their figures.

Rounds alternate ours and the peers, so that noise of the machine falls on both. A peer's time counts only after its
rows were found equal to ours.
"""

import json
import statistics
import sys
from typing import Any

from benchmarks import compare
from benchmarks.engines import Hand, Place, in_process

BATCH = 10_000
LARGE_BATCH = 20_000
LOOP_OBJECTS = 1_500
PREVIEW_COUNTS = ("selected", "would_do", "would_skip", "would_error", "amount_minor")


class RowsDiffer(AssertionError):
    """A peer did other work than ours; its time means nothing."""


class Trials:
    def __init__(self, place: Place, repeats: int) -> None:
        self.place, self.repeats = place, repeats
        self.kept: dict[tuple, list[dict[str, Any]]] = {}
        self.results: dict[tuple, dict[str, Any]] = {}

    def base(self, engine: str, size: int) -> str:
        """The base's name; made once and kept for the next time."""
        name = f"base_{size}"
        if not self.place.exists(engine, name):
            url = self.place.create(engine, f"{name}_in_work")
            in_process("benchmarks.base", url, str(size))
            self.place.rename(engine, f"{name}_in_work", name)
        return name

    def runs(self, engine: str, size: int, batch_size: int = BATCH) -> dict[str, list[dict[str, Any]]]:
        """`ours`, `undo` and `hand`: the same work in alternation, results compared in every round."""
        return self._rounds((engine, size, batch_size), ("ours", "undo", "hand"), self._round_of_runs)

    def lean(self, engine: str, size: int) -> list[dict[str, Any]]:
        return self._alone((engine, size, "lean"), "benchmarks.peers.run_lean")

    def loop(self, engine: str, size: int) -> list[dict[str, Any]]:
        return self._alone((engine, size, "loop"), "benchmarks.peers.loop", "--objects", str(LOOP_OBJECTS))

    def previews(self, engine: str, size: int) -> dict[str, list[dict[str, Any]]]:
        return self._rounds((engine, size, "preview"), ("ours", "hand"), self._round_of_previews)

    def _rounds(self, key: tuple, names: tuple[str, ...], one_round: Any) -> dict[str, list[dict[str, Any]]]:
        for _ in range(self.repeats - len(self.kept.get((*key, names[0]), []))):
            for name, measured in zip(names, one_round(*key), strict=True):
                self.kept.setdefault((*key, name), []).append(measured)
        return {name: self.kept[(*key, name)] for name in names}

    def _alone(self, key: tuple, module: str, *arguments: str) -> list[dict[str, Any]]:
        engine, size, what = key
        found = self.kept.setdefault(key, [])
        while len(found) < self.repeats:
            url = self.place.copy(engine, self.base(engine, size), what)
            found.append(self._measure(module, url, *arguments))
            self.place.drop(engine, what)
        return found

    def _round_of_runs(self, engine: str, size: int, batch_size: int) -> list[dict[str, Any]]:
        base, options = self.base(engine, size), ("--batch-size", str(batch_size))
        url = self.place.copy(engine, base, "ours")
        ours = self._measure("benchmarks.trial", url, "run", *options)
        self._expect((engine, size, batch_size), url, ours["run"])
        undo = self._measure("benchmarks.trial", url, "undo", *options)
        self.place.drop(engine, "ours")
        url = self.place.copy(engine, base, "hand")
        hand = self._measure("benchmarks.peers.run_by_hand", url, *options)
        self._expect((engine, size, batch_size), url, hand["run"])
        self.place.drop(engine, "hand")
        return [ours, undo, hand]

    def _expect(self, key: tuple, url: str, run: int) -> None:
        """The first result is kept; every later one, of the same size and batch size, must be equal to it."""
        _, size, batch_size = key
        hand = Hand(url)
        found = compare.result(hand, run)
        hand.close()
        expected = self.results.setdefault((size, batch_size), found)
        if different := compare.differences(expected, found):
            raise RowsDiffer(f"{key}: {', '.join(different)} differ")

    def _round_of_previews(self, engine: str, size: int, _: str) -> list[dict[str, Any]]:
        url = self.place.copy(engine, self.base(engine, size), "preview")
        ours = self._measure("benchmarks.trial", url, "preview")
        hand = self._measure("benchmarks.peers.preview_by_hand", url)
        self.place.drop(engine, "preview")
        mine, theirs = _preview(ours["found"]), _preview(hand["found"])
        if mine != theirs:
            raise RowsDiffer(f"preview on {engine}: {mine} / {theirs}")
        return [ours, hand]

    def _measure(self, module: str, url: str, *arguments: str) -> dict[str, Any]:
        measured = json.loads(in_process(module, url, *arguments))
        shown = {
            key: round(value, 2) if isinstance(value, float) else value for key, value in measured.items()
        }
        shown.pop("found", None)
        print(
            f"  {url.rsplit('/', 1)[1]}: {module.removeprefix('benchmarks.')} {shown}",
            file=sys.stderr,
            flush=True,
        )
        return measured


def whole(measured: dict[str, Any]) -> float:
    return measured["freeze_s"] + measured["apply_s"]


def whole_cpu(measured: dict[str, Any]) -> float:
    return measured["freeze_cpu_s"] + measured["apply_cpu_s"]


def median(found: list[dict[str, Any]], figure: Any) -> float:
    take = figure if callable(figure) else lambda measured: measured[figure]
    return statistics.median(take(measured) for measured in found)


def _preview(found: dict[str, Any]) -> dict[str, Any]:
    """The counts of a preview, and of each facet how many would be done, by code."""
    counts = {name: found[name] for name in PREVIEW_COUNTS}
    facets = {
        facet: {code: entry["would_do"] for code, entry in sorted(entries.items())}
        for facet, entries in sorted(found["by"].items())
    }
    return {**counts, "by": facets}
