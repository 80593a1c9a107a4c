"""Lets customers and clerks act on accounts at the very moment at which a run reaches them."""

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.stage import DEBTORS, Stage

BATCH_SIZE = 10
BATCHES = DEBTORS // BATCH_SIZE
LATE_S = 0.03  # how long after a batch begins an account is touched, at most
BREATH_S = 0.02  # how long the run hesitates before a batch, at most
CODES = {
    "pay": "settled_since_selection",
    "announce": "payment_in_flight",
    "hold": "on_hold",
    "dispute": "disputed",
}


@dataclass
class Race:
    """Who came first, over all rounds."""

    before: int = 0  # committed before the run's action: the subscription was seen effective
    after: int = 0
    wronged: int = 0
    found: list[str] = field(default_factory=list)
    saved_by: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.before + self.after


def race(
    stage: Stage, race: Race, what: str, *, seed: str, frozen: bool = True, defects: tuple[str, ...] = ()
) -> None:
    """One round: a run over all debtors in small batches, and each account touched once near its own batch.

    Whoever touches an account locks it and then reads the subscription's state. Seen effective means: his change is
    committed before any action, because the action needs the same lock.
    """
    stage.set("debtors")
    if frozen:
        stage.do("freeze_only", run_id=1, batch_size=BATCH_SIZE)
    plan = _plan(seed)
    pace = [sum(batch < number for _, batch, _ in plan) for number in range(1, BATCHES + 1)]
    conduct = stage.deed(
        "conduct", run_id=1, batch_size=BATCH_SIZE, pace=pace, breath_s=BREATH_S, defects=defects
    )
    interfere = stage.deed("interfere", plan=plan, what=what)
    run, other = stage.together(conduct, interfere)
    race.found += stage.judge()
    if other.value is None or run.value is None or run.value["state"] != "completed":
        race.found.append(f"{what}: the run ended as {run}, the others as {other}")
        return
    became = {number: (state, code) for number, state, code in stage.rows(_BECAME)}
    for account, seen in other.value:
        state, code = became[account]
        if seen == "effective":
            race.before += 1
            race.saved_by[code or "not selected"] += 1
            if state != "effective":
                race.wronged += 1
                race.found.append(f"{what}: {account} was deactivated after its {what} had committed")
            elif code != CODES[what] and (frozen or code is not None):
                race.found.append(f"{what}: {account} was left alone as {code}, expected {CODES[what]}")
        else:
            race.after += 1
            if (state, code) != ("not_effective", None):
                race.found.append(f"{what}: {account} was seen {seen}, but is {state} ({code})")


_BECAME = """
    SELECT a.number, s.life_cycle_state, e.code
    FROM receivables_account a JOIN subscriptions_subscription s ON s.account_id = a.id
    LEFT JOIN runs_runexclusion e ON e.run_id = 1 AND e.subject_id = s.id
"""


def _plan(seed: str) -> list[tuple[str, int, float]]:
    """Each account with the batch at whose beginning it is touched, and how long after: half of them at their own
    batch, the others at the one before or the one after.
    """
    chance = random.Random(seed)
    plan = [
        (f"A{place + 1}", place // BATCH_SIZE + 1 + chance.choice((-1, 0, 0, 1)), chance.uniform(0, LATE_S))
        for place in range(DEBTORS)
    ]
    return sorted(plan, key=lambda touch: (touch[1], touch[2]))
