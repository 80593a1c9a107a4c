"""Asking for a job: with the change that calls for it or not at all, and once a key."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat, JSONObject
from pydantic import ValidationError

from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.core.sql import text
from lapwing.identity.models import User
from lapwing.jobs import outcomes
from lapwing.jobs.actions.enqueue import OutsideTransaction, enqueue, enqueue_from
from lapwing.jobs.models import Job
from lapwing.jobs.types import BULK, URGENT
from tests.jobs.conftest import ask, claim, close_connection, end, only_postgresql, shown


def test_rollback_leaves_no_job(desk):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask()
        raise ZeroDivisionError
    assert not Job.objects.exists()


def test_job_outside_a_transaction_is_refused(ledger):
    with pytest.raises(OutsideTransaction, match="outside a transaction"):
        enqueue("book", subject_kind="subscription", subject_id=1)
    with pytest.raises(OutsideTransaction):
        enqueue_from("book", User.objects.all(), {})


def test_row_says_who_asked_for_what_and_when(desk):
    job = Job.objects.get(pk=ask("book", "S7", priority=URGENT, lane="north", key="k").pk)
    assert (job.type, job.pool, job.lane, job.priority, job.subject) == (
        "book",
        "database",
        "north",
        URGENT,
        "S7",
    )
    assert (job.status, job.attempt, job.requested_by, job.parameters) == ("waiting", 0, "olga", {"do": ""})
    assert job.created_at == job.scheduled_for


def test_unknown_type_wrong_parameters_and_an_unknown_priority_are_refused(desk):
    with pytest.raises(Refused) as refused:
        ask("bok")
    assert refused.value.code == "unknown_job_type"
    with pytest.raises(ValidationError):
        ask("book", parameters={"amount": 3})
    with pytest.raises(ValidationError):
        ask("book", parameters={"do": 3})
    with pytest.raises(ValueError, match="priority 20"):
        ask("book", priority=20)  # nobody would ever claim it
    assert not Job.objects.exists()


@pytest.mark.parametrize("end_it", [None, outcomes.Retry("busy"), outcomes.Retry("outcome_unknown")])
def test_held_key_returns_its_job(desk, end_it):
    first = ask(key="k")
    if end_it:
        assert end(claim()[0], end_it)
    assert ask(key="k").pk == first.pk
    assert ask("no_op", key="k").pk != first.pk  # a key is its type's own
    assert ask(key="").pk != ask(key="").pk
    assert Job.objects.filter(deduplication_key="k", type="book").count() == 1


@pytest.mark.parametrize("outcome", [outcomes.Succeeded(), outcomes.NotApplicable("x"), outcomes.Failed("x")])
def test_key_of_an_ended_job_is_free(desk, outcome):
    first = ask(key="k")
    assert end(claim()[0], outcome)
    assert ask(key="k").pk != first.pk


def test_key_of_a_job_that_needs_a_person_is_kept(desk):
    first = ask(key="k")
    for _ in range(6):
        assert end(claim()[0], outcomes.Retry("outcome_unknown", after_s=0))
    assert shown(first) == ("failed", "needs_person")
    assert ask(key="k").pk == first.pk


@only_postgresql
def test_two_who_ask_at_once_with_one_key_get_one_job(ledger):
    for number in range(10):
        both, made = threading.Barrier(2), []

        def one(number: int = number, both: threading.Barrier = both, made: list = made) -> None:
            with acting_as("olga"), transaction.atomic():
                both.wait()
                made.append(enqueue("book", subject_kind="s", subject_id=1, key=f"k{number}").pk)
            close_connection()

        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert len(made) == 2
        assert len(set(made)) == 1
    assert Job.objects.count() == 10


@only_postgresql
def test_key_whose_holder_ends_in_the_same_moment_is_taken(ledger, monkeypatch):
    """The index refuses the row, and then nobody holds the key any more."""
    from lapwing.jobs.actions import enqueue as module

    first, asked = ask(key="k"), []
    held = claim()[0]

    def holder_of(type_name: str, key: str) -> Job | None:
        asked.append(key)
        if len(asked) == 2:
            thread = threading.Thread(target=lambda: (end(held), close_connection()))
            thread.start()
            thread.join()
        return None if len(asked) == 1 else found(type_name, key)

    found = module.holder_of
    monkeypatch.setattr(module, "holder_of", holder_of)
    second = ask(key="k")
    assert second.pk != first.pk
    assert shown(second) == ("waiting", "")


def test_enqueue_from_writes_one_job_a_row_and_leaves_out_held_keys(desk):
    users = list(User.objects.order_by("pk"))
    ask("book", key=f"user {users[0].pk}")
    columns = {
        "subject_kind": text("user"),
        "subject_id": F("pk"),
        "subject": F("username"),
        "parameters": JSONObject(do=Value("")),
        "deduplication_key": Concat(Value("user "), Cast("pk", CharField())),
        "priority": BULK,
    }
    assert enqueue_from("book", User.objects.all(), columns) == len(users) - 1
    assert enqueue_from("book", User.objects.all(), columns) == 0
    made = Job.objects.filter(subject_kind="user").order_by("pk").first()
    assert made is not None
    assert (made.priority, made.status, made.pool, made.requested_by, made.parameters) == (
        BULK, "waiting", "database", "olga", {"do": ""},
    )  # fmt: skip
    held = claim(1)
    assert held[0].parameters == {"do": ""}
    assert len(claim()) == len(users) - 1


def test_unique_index_is_what_refuses_a_second_key(desk):
    first = ask(key="k")
    copy = Job.objects.get(pk=first.pk)
    copy.pk = None
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)
    assert connection.in_atomic_block
