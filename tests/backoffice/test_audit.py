"""The audit browser: filters, one entry, links from subjects, and the chain's proof piece by piece."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lapwing.audit.actions.prove import begin_proof, prove_some
from lapwing.audit.actions.record import record
from lapwing.audit.actions.seal import seal
from lapwing.audit.models import AuditChain, AuditEntry, AuditProof
from lapwing.audit.queries import changes_of, known, newest_entries
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.job_types.check_audit_chain import ask_for_chain_check
from tests.backoffice.conftest import signed_in
from tests.backoffice.working import carry_out

WHOLE, BROKEN, PROVING = AuditProof.State.WHOLE, AuditProof.State.BROKEN, AuditProof.State.PROVING


@pytest.fixture
def entries(sandbox) -> None:
    for position in range(6):
        with acting_as("eva" if position % 2 else "olga"):
            record(
                "account.hold" if position < 3 else "account.release",
                kind="account",
                subject_id=position,
                subject=f"A{position}",
                before={"state": "a", "same": 1},
                after={"state": "b", "same": 1},
            )


def found(**filters) -> list[str]:
    return [entry.subject for entry in newest_entries(**filters, limit=50) if entry.subject_kind == "account"]


def test_entries_are_found_by_who_what_and_about_what(entries):
    assert found(actor="eva") == ["A5", "A3", "A1"]
    assert found(action="account.hold") == ["A2", "A1", "A0"]
    assert found(actor="eva", action="account.hold") == ["A1"]
    assert found(kind="account", subject="A4") == ["A4"]
    assert found(subject="none") == []


def test_entries_are_bounded_in_time(entries):
    recorded = list(AuditEntry.objects.filter(subject_kind="account").order_by("pk"))
    third = recorded[3].recorded_at
    assert found(since=third) == ["A5", "A4", "A3"]
    assert found(until=third) == ["A2", "A1", "A0"]
    assert found(since=third, until=third) == []


def test_choices_are_what_there_is(entries):
    assert known("actor") == sorted(set(AuditEntry.objects.values_list("actor", flat=True)))
    assert {"account.hold", "account.release"} <= set(known("action"))
    with CaptureQueriesContext(connection) as asked:
        known("subject_kind")
    assert len(asked) == 1


def test_what_changed_comes_first(entries):
    entry = AuditEntry.objects.filter(subject="A0").get()
    assert [(each.field, each.is_changed) for each in changes_of(entry)] == [("state", True), ("same", False)]


def test_a_page_leads_to_the_next_and_to_the_subject(entries, monkeypatch):
    client = signed_in("root")
    page = client.get("/audit/?kind=user&subject=olga").content.decode()
    assert 'href="/users/olga/"' in page
    assert client.get("/audit/?actor=%00&from=x&below=y").status_code == 200


def test_the_chain_is_proved_piece_by_piece(entries):
    seal()
    with acting_as("root"):
        begin_proof()
    assert (prove_some(2).state, prove_some(2).position) == (PROVING, 4)
    length = AuditChain.objects.get().position
    while (proof := prove_some(2)).state == PROVING:
        pass
    assert (proof.state, proof.position) == (WHOLE, length)


@pytest.mark.parametrize("break_at", ["changed", "missing", "end"])
def test_the_first_break_is_named(break_at: str, entries, monkeypatch):
    seal()
    third = AuditEntry.objects.get(seal_position=3)
    if break_at == "end":
        AuditChain.objects.update(position=AuditChain.objects.get().position + 1)
    else:
        without_protection()
        if break_at == "changed":
            AuditEntry.objects.filter(pk=third.pk).update(actor="nobody")
        else:
            third.delete()
    with acting_as("root"):
        begin_proof()
    proof = prove_some()
    assert proof.state == BROKEN
    expected = {"changed": f"entry {third.pk} (position 3) was changed", "missing": "position 3 is missing"}
    assert expected.get(break_at, "entries at the end are missing") in proof.fault
    assert break_at == "end" or proof.position == 2


def without_protection() -> None:
    """As somebody with the database's password would do it."""
    with connection.cursor() as cursor:
        for trigger in ("audit_entry_kept", "audit_entry_unchanged"):
            on = " ON audit_auditentry" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {trigger}{on}")


def test_a_check_is_a_job_and_the_page_tells_how_far_it_is(entries):
    seal()
    client = signed_in("root")
    client.post("/audit/check/")
    assert "being checked" in client.get("/audit/chain/").content.decode()
    assert carry_out() == ["check_audit_chain"]
    page = client.get("/audit/chain/").content.decode()
    assert ">whole<" in page and 'data-live="no"' in page


def test_a_second_check_waits_for_the_first(entries):
    with acting_as("root"):
        assert ask_for_chain_check().pk == ask_for_chain_check().pk


def test_only_an_administrator_asks_for_a_check(sandbox):
    with pytest.raises(Refused, match="not_permitted"):
        ask_for_chain_check()
    assert b"/audit/check/" not in signed_in("olga").get("/audit/").content
