"""One mail per event and recipient: prepared once, closed once, found again."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from lapwing.audit.models import AuditEntry
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.messages import checks
from lapwing.messages.actions.close_email import close_email
from lapwing.messages.actions.prepare_email import About, prepare_email
from lapwing.messages.actions.reopen_email import reopen_email
from lapwing.messages.events import EVENTS
from lapwing.messages.mail import content
from lapwing.messages.models import Email
from lapwing.messages.queries import emails_about, mail_of
from lapwing.messages.seed import seed_templates
from lapwing.messages.states import EMAIL, FINAL, OPEN, EmailStatus
from tests.conftest import NOON

INVOICE = EVENTS["invoice_issued"].sample


def prepared(key: str = "invoice_issued INV-2041", recipient: str = "anna@example.com", **changes) -> Email:
    given = {"language": "en", "data": INVOICE, "sender": "Acme <billing@acme.example>"}
    return prepare_email(
        changes.pop("event", "invoice_issued"), key=key, recipient=recipient, **{**given, **changes}
    )


def test_a_prepared_mail_holds_all_it_consists_of(mailroom):
    email = prepared(cc=["Ben@example.com"], about=About("invoice", 7, "INV-2041", 501))
    assert (email.status, email.prepared_at, email.sent_at) == ("prepared", NOON, None)
    assert (email.template, email.language, email.subject_line) == (
        "invoice_issued.en",
        "en",
        "Invoice INV-2041: €123.00",
    )
    assert "€123.00" in email.body_text and "<table>" in email.body_html
    assert (email.recipient, email.cc, email.job_id) == ("anna@example.com", ["Ben@example.com"], 501)
    assert list(emails_about("invoice", 7)) == [email]
    entry = AuditEntry.objects.get(action="email.prepare")
    assert (entry.subject_id, entry.subject) == (email.pk, "invoice_issued invoice_issued INV-2041")
    assert "anna@" not in str(entry.after)


def test_the_same_key_and_recipient_give_the_same_mail_unchanged(mailroom):
    first = prepared()
    with clock.standing_at(NOON + timedelta(days=1)):
        second = prepared(recipient="Anna@Example.com", language="de", sender="other@else.example", data={})
    assert second.pk == first.pk
    assert content(mail_of(second)) == content(mail_of(first))
    assert AuditEntry.objects.filter(action="email.prepare").count() == 1


def test_another_recipient_or_key_is_another_mail(mailroom):
    ids = {
        prepared().message_id,
        prepared(recipient="ben@example.com").message_id,
        prepared(key="k2").message_id,
    }
    assert len(ids) == 3


def test_a_key_belongs_to_one_event(mailroom):
    prepared()
    with pytest.raises(Refused) as refusal:
        prepared(event="invoice_reminder_1", data=EVENTS["invoice_reminder_1"].sample)
    assert refusal.value.code == "mail_key_in_use"


def test_copies_go_once_to_each_mailbox_and_not_to_the_recipient(mailroom):
    email = prepared(cc=["ben@example.com", "ANNA@example.com", "Ben@example.com"])
    assert email.cc == ["Ben@example.com"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": "anna@example.com\r\nBcc: x@y.z"}, "bad_address"),
        ({"cc": ["no address"]}, "bad_address"),
        ({"sender": "A\nB <a@b.c>"}, "bad_address"),
        ({"key": ""}, "bad_mail_key"),
        ({"key": "x" * 121}, "bad_mail_key"),
        ({"key": "a\nb"}, "bad_mail_key"),
        ({"event": "birthday"}, "unknown_mail_event"),
        ({"data": {}}, "mail_data_incomplete"),
    ],
)
def test_a_wrong_mail_is_refused_and_nothing_is_written(mailroom, changes, code):
    with pytest.raises(Refused) as refusal:
        prepared(**changes)
    assert refusal.value.code == code
    assert not Email.objects.exists()


def test_the_database_refuses_a_second_mail_of_the_same_key_to_the_same_mailbox(mailroom):
    email = prepared()
    email.pk, email.message_id = None, "<other@acme.example>"
    with pytest.raises(IntegrityError), transaction.atomic():
        email.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_prepare_one_mail(committed_sandbox):
    seed_templates()
    found, barrier = [], threading.Barrier(4)

    def work() -> None:
        try:
            with clock.standing_at(NOON):
                barrier.wait()
                found.append(prepared().pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 4 and len(set(found)) == 1
    assert Email.objects.count() == AuditEntry.objects.filter(action="email.prepare").count() == 1


# --- closing ----------------------------------------------------------------------------------------------------


def in_status(status: str) -> Email:
    email = prepared()
    return close_email(email.pk, status=status, answer="x") if status != "prepared" else email


def test_a_sent_mail_has_its_time_and_the_answer(mailroom):
    email = close_email(prepared().pk, status="sent", answer="250 fine")
    assert (email.status, email.sent_at, email.smtp_answer) == ("sent", NOON, "250 fine")
    assert AuditEntry.objects.get(action="email.sent").before == {"status": "prepared"}


@pytest.mark.parametrize("before", [status.value for status in EmailStatus])
@pytest.mark.parametrize("after", ["sent", "refused", "not_sent", "unknown"])
def test_only_an_open_mail_is_closed_and_closing_twice_changes_nothing(mailroom, before, after):
    email = in_status(before)
    entries = AuditEntry.objects.count()
    with clock.standing_at(NOON + timedelta(hours=1)):
        if before == after:
            again = close_email(email.pk, status=after, answer="another")
            assert (again.smtp_answer, again.sent_at) == (email.smtp_answer, email.sent_at)
            assert AuditEntry.objects.count() == entries
        elif before in OPEN:
            assert close_email(email.pk, status=after, answer="y").status == after
        else:
            with pytest.raises(Refused) as refusal:
                close_email(email.pk, status=after, answer="y")
            assert refusal.value.code == "illegal_transition"
            assert Email.objects.get().status == before
    assert [*all_findings()] == []


def test_a_mail_is_not_closed_without_a_reason_or_as_something_unknown(mailroom):
    email = prepared()
    for status, code in (("refused", "email_end_without_reason"), ("not_sent", "email_end_without_reason"), ("prepared", "bad_email_status"), ("gone", "bad_email_status")):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            close_email(email.pk, status=status)
        assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:
        close_email(0, status="sent")
    assert refusal.value.code == "unknown_email"


@pytest.mark.parametrize("before", [status.value for status in EmailStatus])
def test_a_refused_mail_is_tried_again_with_the_same_message_id_a_sent_one_never(mailroom, before):
    email = in_status(before)
    if before in ("refused", "not_sent", "prepared"):
        again = reopen_email(email.pk, reason="mailbox emptied")
        assert (again.status, again.message_id) == ("prepared", email.message_id)
    else:
        with pytest.raises(Refused) as refusal:
            reopen_email(email.pk, reason="once more")
        assert refusal.value.code == "illegal_transition"


def test_a_viewer_reopens_nothing(mailroom):
    email = in_status("refused")
    with acting_as("anna"), pytest.raises(Refused) as refusal:
        reopen_email(email.pk, reason="x")
    assert refusal.value.code == "not_permitted"


def test_the_table_of_states_ends_where_it_says():
    for status in FINAL:
        assert {event for event in EMAIL.events(status)} <= {"reopen"}
    assert EMAIL.events("sent") == []


# --- what verify recomputes -------------------------------------------------------------------------------------


def all_findings() -> list[str]:
    finders = (
        checks.sent_emails_have_their_time,
        checks.emails_are_once_per_key_and_mailbox,
        checks.message_ids_follow_from_their_keys,
        checks.closed_emails_say_why,
    )
    return [line for find in finders for line in find()]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"message_id": "<x@acme.example>"}, "expected <"),
        ({"mailbox": "other@example.com"}, "expected <"),
        ({"key": "another"}, "expected <"),
        ({"recipient": "nobody"}, "no e-mail address"),
        ({"status": "refused"}, "without a code"),
    ],
)
def test_verify_finds_what_was_changed_behind_its_back(mailroom, change, says):
    email = prepared()
    assert all_findings() == []
    Email.objects.filter(pk=email.pk).update(**change)
    (line,) = all_findings()
    assert says in line


@pytest.mark.parametrize("change", [{"status": "sent"}, {"sent_at": NOON}, {"status": "lost"}])
def test_the_database_refuses_a_sent_mail_without_its_time_and_an_unknown_status(mailroom, change):
    email = prepared()
    with pytest.raises(IntegrityError), transaction.atomic():
        Email.objects.filter(pk=email.pk).update(**change)
