"""Mails by real SMTP: one per recipient and event, none that stopped being true; manual providers are reminded."""

import pytest
from django.db import OperationalError, transaction

from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.customers.actions.accept_agreement import accept_agreement
from lapwing.customers.models import Customer, ProviderAgreement
from lapwing.jobs import outcomes
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.executor import Executor
from lapwing.jobs.models import Job
from lapwing.jobs.rescue import rescue
from lapwing.jobs.types import job_types
from lapwing.messages.actions.ask_for_email import ask_for_email
from lapwing.messages.models import Email
from lapwing.subscriptions.actions.mark_provisioned import mark_provisioned
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import LicenseChangeLog
from tests.job_types.conftest import due_now, served, statuses
from tests.jobs.conftest import claim, expire, work
from tests.world import faults

OPS = "ops@example.com"


@pytest.fixture
def change(mail) -> LicenseChangeLog:
    """A deactivation that somebody has to do by hand."""
    served(provider="byhand")
    perform("S1", "deactivate_subscription")
    return LicenseChangeLog.objects.get(event="deactivate")


def test_responsible_person_is_reminded_every_n_days_until_it_is_done(mail, change, later):
    work()
    assert len(mail.journal.mailbox(OPS)) == 1
    later(days=1)
    work()
    assert len(mail.journal.mailbox(OPS)) == 1
    later(days=2)
    work()
    assert len(mail.journal.mailbox(OPS)) == 2
    mark_provisioned(change.pk, reference="ticket 17")
    later(days=3)
    work()
    assert len(mail.journal.mailbox(OPS)) == 2
    assert statuses("manual_provider_reminder") == [("not_applicable", "already_provisioned")]
    assert faults() == []


def test_mail_says_what_is_to_be_done_and_its_copy_is_kept(mail, change):
    work()
    seen = mail.journal.mailbox(OPS)[0]
    kept = Email.objects.get()
    assert "S1" in seen.content and "deactivate" in seen.content
    assert (kept.status, kept.message_id, kept.subject_line) == ("sent", seen.message_id, seen.subject)


def test_mail_that_stopped_being_true_is_not_sent(mail, change):
    mail.order("temp")
    work()
    assert statuses("send_email") == [("retry", "smtp_temporary")]
    mark_provisioned(change.pk)
    mail.order("")
    due_now()
    work()
    assert statuses("send_email") == [("not_applicable", "no_longer_true")]
    assert (mail.journal.deliveries, Email.objects.get().status) == (0, "not_sent")
    assert faults() == []


def test_mail_that_may_have_arrived_is_never_called_not_sent(mail, change):
    """Its worker died after the server took it; then it stopped being true."""
    Executor().begin(claim())  # the reminder asks for the mail
    (held,) = claim(pool="outside")
    dying = Executor()
    dying.begin([held])
    assert dying.answered.wait(10)
    expire(held.id)
    rescue()
    mark_provisioned(change.pk)
    due_now()
    work()
    assert statuses("send_email") == [("not_applicable", "no_longer_true")]
    assert (mail.journal.deliveries, Email.objects.get().status) == (1, "unknown")


def test_server_that_is_down_is_tried_again(mail, change):
    mail.order("temp")
    work()
    mail.order("")
    due_now()
    work()
    assert statuses("send_email") == [("succeeded", "")]
    assert mail.journal.deliveries == 1


def test_refused_mail_fails_and_runs_again_with_the_same_message_id(mail, change):
    mail.order("refuse")
    work()
    assert statuses("send_email") == [("failed", "smtp_refused")]
    before = Email.objects.get().message_id
    mail.order("")
    run_now([Job.objects.get(type="send_email").pk])
    work()
    assert mail.journal.mailbox(OPS)[0].message_id == before
    assert Email.objects.get().status == "sent"


def test_lost_answer_is_sent_again_as_the_same_mail(mail, change):
    mail.order("hangup-after")
    work()
    assert statuses("send_email") == [("retry", "outcome_unknown")]
    mail.order("")
    due_now()
    work()
    seen = mail.journal.mailbox(OPS)
    assert [(each.copies) for each in seen] == [2]
    assert Email.objects.get().status == "sent"


@pytest.mark.parametrize("worker_dies", [True, False])
def test_mail_that_nobody_knows_of_is_settled_by_a_person(mail, change, worker_dies, monkeypatch):
    mail.order("hangup-after")
    if worker_dies:  # before anything was written of the answer
        monkeypatch.setattr(
            type(job_types.get("send_email")), "settle_failure", lambda *_: outcomes.Lost("worker_lost")
        )
    for _ in range(6):
        work()
        due_now()
    assert statuses("send_email") == [("failed", "needs_person")]
    assert Email.objects.get().status == "unknown"
    mail.order("")
    job = Job.objects.get(type="send_email").pk
    settle([job], happened=False, reason="not in their mailbox")
    assert (Email.objects.get().status, Email.objects.get().result_code) == ("not_sent", "did_not_happen")
    run_now([job])
    work()
    assert (Email.objects.get().status, statuses("send_email")) == ("sent", [("succeeded", "")])
    assert faults() == []


def test_answer_about_one_mail_says_nothing_of_another_recipients(mail, change):
    with transaction.atomic():
        first, _ = (
            ask_for_email("manual_provider_action", subject_id=change.pk, recipient=recipient)
            for recipient in ("one@example.com", "two@example.com")
        )
    mail.order("hangup-after")
    for _ in range(6):
        work()
        due_now()
    settle([first.pk], happened=True, reason="they have it")
    statuses_of = dict(Email.objects.values_list("recipient", "status"))
    assert (statuses_of["one@example.com"], statuses_of["two@example.com"]) == ("sent", "unknown")


def test_mail_that_did_arrive_is_not_sent_again(mail, change):
    mail.order("hangup-after")
    for _ in range(6):
        work()
        due_now()
    deliveries = mail.journal.deliveries
    settle([Job.objects.get(type="send_email").pk], happened=True, reason="they have it")
    mail.order("")
    work()
    assert (Email.objects.get().status, mail.journal.deliveries) == ("sent", deliveries)
    assert faults() == []


def test_without_a_mail_server_mails_wait_and_say_why(mail, change, settings):
    settings.SMTP_URL = ""
    work()
    assert statuses("send_email") == [("waiting", "no_mail_server")]


def test_partner_is_told_of_an_accepted_agreement(mail, change):
    from django.db import transaction

    from lapwing.catalog.models import Provider
    from lapwing.core import clock
    from lapwing.messages.actions.ask_for_email import ask_for_email

    agreement = ProviderAgreement(
        customer=Customer.objects.get(),
        provider=Provider.objects.get(),
        identity="anna",
        partner_email="partner@example.com",
        requested_at=clock.now(),
    )
    agreement.save()
    for _ in range(2):
        with transaction.atomic():
            ask_for_email("agreement_accepted", subject_id=agreement.pk, recipient="partner@example.com")
    accept_agreement(agreement.pk)
    work()
    assert len(mail.journal.mailbox("partner@example.com")) == 1
    assert Job.objects.filter(type="send_email", subject_kind="agreement_accepted").count() == 1


def test_only_who_provisions_marks_a_change_as_done(mail, change):
    with acting_as("anna"), pytest.raises(Refused, match="not_permitted"):
        mark_provisioned(change.pk)
    mark_provisioned(change.pk)
    with pytest.raises(Refused, match="not_awaiting"):
        mark_provisioned(change.pk)


def locked_twice(monkeypatch) -> None:
    """The database is locked when the answer of the mail server is written down: with others', and alone."""
    import lapwing.job_types.send_email as module

    real, calls = module.close_email, []

    def close_email(*args, **options):
        calls.append(1)
        if len(calls) <= 2:
            raise OperationalError("database is locked")
        return real(*args, **options)

    monkeypatch.setattr(module, "close_email", close_email)


def test_mail_whose_answer_could_not_be_stored_at_once_is_not_sent_again(mail, change, monkeypatch):
    locked_twice(monkeypatch)
    work()
    assert statuses("send_email") == [("succeeded", "")]
    assert mail.journal.deliveries == 1


def test_doubt_that_could_not_be_stored_at_once_is_kept(mail, change, monkeypatch):
    locked_twice(monkeypatch)
    mail.order("hangup-after")
    work()
    assert statuses("send_email") == [("retry", "outcome_unknown")]
    assert Job.objects.get(type="send_email").doubtful


def test_answer_that_can_never_be_stored_leaves_a_doubt(mail, change, monkeypatch):
    import lapwing.job_types.send_email as module

    monkeypatch.setattr(module, "close_email", lambda *_, **__: 1 / 0)
    work()
    assert statuses("send_email") == [("retry", "outcome_unknown")]
    assert Job.objects.get(type="send_email").doubtful and mail.journal.deliveries == 1
