"""Steps two sessions through every order of their steps: a payment's four and a batch's four make seventy.

Each session runs in a thread with a connection of its own and stops at its gates; the conductor opens one gate at a
time. A session that waits for the other's lock is seen in the database's own list and gets its turns later.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import psycopg
from django.db import connection, transaction

from lapwing.runs import batches
from lapwing.runs.models import RunItem
from lapwing.runs.states import RunState
from lapwing.subscriptions.models import Subscription
from tests.faults import deeds

STEPS = 4
LIMIT_S = 20.0
# A gate stands before the first statement that fits; the fourth stands before the end of the transaction.
PAYMENT_GATES = (r"FROM .receivables_account.*FOR UPDATE", r"INSERT INTO .receivables_payment")
BATCH_GATES = (
    r"FROM .receivables_account.*FOR NO KEY UPDATE",
    r"INSERT INTO .subscriptions_subscriptionaction",
)


class Session:
    """One of the two: does its work up to the next gate each time it is let go."""

    def __init__(self, work: Callable[["Session"], Any], gates: Sequence[str]) -> None:
        self._work, self._gates = work, list(gates)
        self._go, self._stopped = threading.Semaphore(0), threading.Event()
        self.ended, self.pid = False, 0
        self.value: Any = None
        self.error = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.stops(LIMIT_S)

    def let_go(self) -> None:
        self._stopped.clear()
        self._go.release()

    def stops(self, seconds: float) -> bool:
        """Whether it is at a gate or at its end by then."""
        return self._stopped.wait(seconds)

    def gate(self, *_: Any) -> None:
        self._stopped.set()
        self._go.acquire()

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
            self.gate()
            with connection.execute_wrapper(self._before_statement):
                self.value = self._work(self)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
        finally:
            connection.close()
            self.ended = True
            self._stopped.set()

    def _before_statement(self, execute: Callable, statement: str, *rest: Any) -> Any:
        if self._gates and re.search(self._gates[0], statement, re.DOTALL):
            self._gates.pop(0)
            self.gate()
        return execute(statement, *rest)


def schedules() -> Iterator[str]:
    """PPPPBBBB, PPPBPBBB … BBBBPPPP."""
    for places in combinations(range(2 * STEPS), STEPS):
        yield "".join("P" if place in places else "B" for place in range(2 * STEPS))


def interleave(url: str, run_id: int) -> dict[str, Any]:
    """Each order of steps on an account and a batch of its own. Returns what each payment saw, and how often one
    session waited for the other.
    """
    connection.close()
    seen, errors, waited = [], [], 0
    accounts = _accounts_in_order(run_id)
    with psycopg.connect(url, autocommit=True) as observer:
        for schedule, account in zip(schedules(), accounts, strict=True):
            pair, waits = _play(schedule, account, run_id, observer)
            waited += waits > 0
            seen.append((account, schedule, pair["P"].value))
            errors += [
                f"{schedule} {name}: {session.error}" for name, session in pair.items() if session.error
            ]
    return {"seen": seen, "errors": errors, "waited": waited}


def _play(
    schedule: str, account: str, run_id: int, observer: psycopg.Connection
) -> tuple[dict[str, Session], int]:
    pair = {
        "P": Session(lambda session: _payment(session, account), PAYMENT_GATES),
        "B": Session(lambda session: _batch(session, run_id), BATCH_GATES),
    }
    waiting: set[str] = set()
    waits = 0
    ends = time.monotonic() + LIMIT_S
    turns = list(schedule)
    while not all(session.ended for session in pair.values()):
        assert time.monotonic() < ends, f"{schedule} does not end"
        name = turns.pop(0) if turns else next(name for name, session in pair.items() if not session.ended)
        session = pair[name]
        if session.ended:
            continue
        if name in waiting:
            if not session.stops(0.005):
                turns.append(name)
                continue
            waiting.discard(name)
        session.let_go()
        if not _stops_or_waits(session, observer, ends):
            waiting.add(name)
            waits += 1
    return pair, waits


def _stops_or_waits(session: Session, observer: psycopg.Connection, ends: float) -> bool:
    """False where it waits for a lock."""
    while not session.stops(0.01):
        assert time.monotonic() < ends
        waits = observer.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [session.pid]).fetchone()
        if waits == (True,):
            return False
    return True


def _payment(session: Session, account: str) -> str:
    with deeds.acting_as("olga"), transaction.atomic():
        deeds.pay(account)
        seen = deeds.seen_state(account)
        session.gate()
        return seen


def _batch(session: Session, run_id: int) -> None:
    _here.session = session
    batches.carry_out_next(run_id, 1, [""])


_here = threading.local()


def _stop_before_commit(name: str) -> None:
    if name == "runs.batch.before_commit":
        _here.session.gate()


def step_by_step(run_id: int, url: str) -> dict[str, Any]:
    """The deed: freezes a list with one batch for each schedule, plays them, and carries the run to its end."""
    found = deeds.freeze_only(run_id, 1)
    untouched, batches.failpoint = batches.failpoint, _stop_before_commit
    try:
        played = interleave(url, run_id)
    finally:
        batches.failpoint = untouched
    ended = deeds.conduct(run_id, 1)
    assert ended["state"] == RunState.COMPLETED, ended
    return {**played, "batches": found}


def _accounts_in_order(run_id: int) -> list[str]:
    subjects = RunItem.objects.filter(run_id=run_id).order_by("subject_id").values("subject_id")
    found = (
        Subscription.objects.filter(pk__in=subjects).order_by("pk").values_list("account__number", flat=True)
    )
    numbers = list(found)
    connection.close()
    return numbers
