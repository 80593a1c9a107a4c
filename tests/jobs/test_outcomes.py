"""How an attempt may end, and what that means for its job."""

import sys
from datetime import timedelta

import pytest

from lapwing.core import clock
from lapwing.core.context import actor
from lapwing.jobs import outcomes
from lapwing.jobs.conclude import JITTER, retry_delay_s
from lapwing.jobs.models import Job, JobAttempt
from lapwing.jobs.outcomes import OutcomeUnknown, TransientError
from lapwing.jobs.types import DatabaseType, job_types
from tests.jobs.conftest import (
    again,
    ask,
    attempts,
    broken_invariants,
    claim,
    end,
    make_due,
    shown,
    told,
    work,
)
from tests.jobs.samples.models import Effect

# told to: status, code, effects that stay, tries used, outcome of the attempt
ENDINGS = [
    ("", "succeeded", "", 1, 0, "succeeded"),
    ("not_applicable", "not_applicable", "nothing_to_book", 1, 0, "not_applicable"),
    ("later", "waiting", "not_yet", 1, 0, "later"),
    ("refuse", "failed", "refused", 1, 1, "failed"),
    ("permanent", "failed", "closed", 0, 1, "failed"),
    ("transient", "retry", "busy", 0, 1, "retry"),
    ("raise", "retry", "error", 0, 1, "retry"),
]


@pytest.mark.parametrize(("do", "status", "code", "effects", "tries", "outcome"), ENDINGS)
def test_handler_ends_as_it_says(desk, slow_retry, do, status, code, effects, tries, outcome):
    job = told(do)
    work()
    found = again(job)
    assert (found.status, found.result_code, found.tries) == (status, code, tries)
    assert Effect.objects.count() == effects
    assert attempts(job) == [(1, outcome)]
    assert broken_invariants() == []


@pytest.fixture
def slow_retry(monkeypatch):
    """What fails is not tried again within the test."""
    monkeypatch.setattr(type(job_types.get("book")), "retry_delays_s", (3600,))
    monkeypatch.setattr(type(job_types.get("tell")), "retry_delays_s", (3600,))


def _perform(monkeypatch, function):
    monkeypatch.setattr(type(job_types.get("book")), "perform", function)


def _raise(error: BaseException):
    def perform(self, job):
        raise error

    return perform


@pytest.mark.parametrize(
    ("error", "shown_as"),
    [
        (ValueError("wrong \0 byte"), "ValueError: wrong \\0 byte"),
        (ValueError("half a character: \ud800"), "ValueError: half a character: ?"),
        (SystemExit(3), "SystemExit: 3"),
        (MemoryError(), "MemoryError: "),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (TransientError("busy", "x" * 9000), "x" * 4000),
        (TransientError("c\0" * 60, "text"), "text"),
        (TransientError("busy", "asked to wait for ever", after_s=float("inf")), "asked to wait for ever"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_exception_counts_as_transient_and_is_readable(desk, slow_retry, monkeypatch, error, shown_as):
    _perform(monkeypatch, _raise(error))
    job = ask()
    ask("no_op")
    work()
    found = again(job)
    assert (found.status, found.tries, found.result) == ("retry", 1, shown_as)
    assert Job.objects.get(type="no_op").status == "succeeded"


@pytest.mark.parametrize("value", ["done", 3, True, {"a": 1}])
def test_unknown_return_value_is_no_success(desk, slow_retry, monkeypatch, value):
    _perform(monkeypatch, lambda self, job: value)
    job = ask()
    work()
    assert shown(job) == ("retry", "error")
    assert "which is no outcome" in again(job).result


def test_one_bad_job_does_not_spoil_its_chunk(desk, slow_retry):
    good = [told("") for _ in range(5)]
    bad = told("raise")
    good += [told("") for _ in range(5)]
    work()
    assert {shown(job)[0] for job in good} == {"succeeded"}
    assert shown(bad)[0] == "retry"
    assert Effect.objects.count() == 10


def test_six_tries_end_failed_with_the_last_reason_and_all_attempts_kept(desk):
    job = told("transient")
    for _ in range(6):
        work()
        make_due(job.pk)
    work()
    found = again(job)
    assert (found.status, found.result_code, found.result) == ("failed", "busy", "the table is busy")
    assert attempts(job) == [(number, "retry") for number in range(1, 7)]
    assert found.finished_at


def test_unknown_answer_is_asked_about_and_in_the_end_needs_a_person_and_keeps_its_key(desk, monkeypatch):
    _perform(monkeypatch, _raise(OutcomeUnknown("no answer came")))
    job = ask(key="k")
    for left in range(5, 0, -1):
        work()
        assert shown(job) == ("retry", "outcome_unknown"), left
        make_due(job.pk)
    work()
    assert shown(job) == ("failed", "needs_person")
    assert again(job).result == "no answer came"
    assert ask(key="k").pk == job.pk


def test_what_fails_after_an_unknown_answer_says_that_an_earlier_attempt_may_have_had_its_effect(desk):
    job = ask()
    assert end(claim()[0], outcomes.Retry("outcome_unknown", "no answer came"))
    assert again(job).result == "no answer came"
    for _ in range(5):
        make_due(job.pk)
        assert end(claim()[0], outcomes.Retry("provider_unreachable", "it is away; nothing was done"))
        assert again(job).result.startswith("an attempt may have had its effect, and nobody knows; ")
        assert again(job).result.endswith(". Last: it is away; nothing was done")
    assert shown(job) == ("failed", "needs_person")
    assert "; ask the other system." in again(job).result


def test_unknown_then_found_out(desk, tmp_path, monkeypatch):
    file = tmp_path / "told"
    job = ask("tell", parameters={"file": str(file), "do": "no_answer"})
    work()
    make_due(job.pk)
    work()
    assert attempts(job) == [(1, "retry"), (2, "succeeded")]
    assert file.read_text() == f"{job.pk}\n"
    assert Effect.objects.get().what == "already told"


def test_later_uses_no_try_however_often(desk):
    job = told("later")
    for day in range(1, 9):
        work()
        assert shown(job) == ("waiting", "not_yet")
        clock.stand_at(clock.now() + timedelta(days=1))
        assert again(job).attempt == day
    assert (again(job).tries, attempts(job)[-1]) == (0, (8, "later"))


def test_delays_grow_by_type_and_never_twice_the_same(desk, monkeypatch):
    monkeypatch.setattr(type(job_types.get("book")), "retry_delays_s", (30, 120, 480, 1800, 7200))
    ask()
    held = claim()[0]
    from dataclasses import replace

    for tries, delay in enumerate((30, 120, 480, 1800, 7200, 7200)):
        seen = {retry_delay_s(replace(held, tries=tries)) for _ in range(50)}
        assert min(seen) >= delay * (1 - JITTER)
        assert max(seen) <= delay * (1 + JITTER)
        assert len(seen) > 40


def test_retry_waits_for_machine_time_though_business_time_stands_or_runs_ahead(desk, slow_retry):
    job = told("raise")
    work()
    clock.stand_at(clock.now() + timedelta(days=20_000))
    assert claim() == []
    assert broken_invariants() == []  # it is not late either
    make_due(job.pk)
    assert [held.id for held in claim()] == [job.pk]


def test_waiting_goes_by_business_time_in_the_past_and_in_the_future(desk):
    first = ask(scheduled_for=clock.now() + timedelta(days=20_000))
    assert claim() == []
    clock.stand_at(clock.now() + timedelta(days=20_000))
    assert [held.id for held in claim()] == [first.pk]
    clock.stand_at(clock.now() - timedelta(days=30_000))
    second = ask()
    assert [held.id for held in claim()] == [second.pk]


def test_handler_acts_as_whoever_asked(desk, monkeypatch):
    seen = []
    monkeypatch.setattr(type(job_types.get("book")), "perform", lambda self, job: seen.append(actor()))
    kind = type(job_types.get("tell"))
    prepare = kind.prepare
    monkeypatch.setattr(kind, "prepare", lambda self, job: (seen.append(actor()), prepare(self, job))[1])
    ask()
    ask("tell", parameters={"file": "none", "do": "nothing"})
    from lapwing.core.context import acting_as

    with acting_as("system"):
        work()
    assert seen == ["olga", "olga"]


def test_domain_is_told_of_a_failure_once(desk, monkeypatch):
    seen = []
    monkeypatch.setattr(DatabaseType, "on_failed", lambda self, job, code, text: seen.append((job.id, code)))
    job = told("permanent")
    work()
    assert seen == [(job.pk, "closed")]


def test_type_that_cannot_be_told_of_a_failure_stops_nobody(desk, monkeypatch):
    def on_failed(self, job, code, text):
        Effect.objects.create(job_id=job.id, attempt=0, what="half told")
        raise RuntimeError("not like this")

    monkeypatch.setattr(DatabaseType, "on_failed", on_failed)
    job, other = told("permanent"), ask("no_op")
    work()
    assert shown(job) == ("failed", "closed")
    assert shown(other)[0] == "succeeded"
    assert not Effect.objects.exists()


def test_job_of_a_type_that_is_not_known_any_more_stops_nobody_and_ends_with_a_reason(desk):
    job, other = ask("no_op"), ask("no_op")
    Job.objects.filter(pk=job.pk).update(type="gone")
    for _ in range(6):
        work()
        make_due(job.pk)
    assert shown(job) == ("failed", "unknown_job_type")
    assert "knows no jobs of type gone" in again(job).result
    assert shown(other)[0] == "succeeded"
    assert JobAttempt.objects.filter(job_id=job.pk).count() == 6


def test_call_that_ends_its_thread_is_an_answer(desk, slow_retry, monkeypatch, tmp_path):
    monkeypatch.setattr(type(job_types.get("tell")), "call", lambda *_: sys.exit(3))
    job = ask("tell", parameters={"file": str(tmp_path / "told")})
    work()
    assert shown(job) == ("retry", "error")
    assert "SystemExit(3)" in again(job).result


def test_settled_by_hand_a_job_cannot_end_twice(desk):
    ask()
    held = claim()[0]
    assert end(held)
    assert not end(held, outcomes.Failed("late"))
