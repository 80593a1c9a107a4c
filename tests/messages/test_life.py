"""The life of a mail from its event to its mailbox, as the job `send_email` leads it."""

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.messages.actions.close_email import close_email
from lapwing.messages.actions.prepare_email import prepare_email
from lapwing.messages.actions.save_template import save_template
from lapwing.messages.errors import OutcomeUnknown
from lapwing.messages.events import EVENTS
from lapwing.messages.models import Email
from lapwing.messages.queries import mail_of
from lapwing.messages.smtp import Answer, deliver
from lapwing.messages.smtp_server import SmtpServer
from tests.messages.mail_process import MailProcess

pytestmark = pytest.mark.xdist_group("mail")


@pytest.fixture
def process(tmp_path):
    with MailProcess(tmp_path) as process:
        yield process


def attempt(process: MailProcess, recipient: str) -> Answer | None:
    """What one attempt of the job does; None where it finds the mail sent already."""
    email = prepare_email(
        "deactivated", key="deactivated S-1001 2015-03-10", recipient=recipient, language="de",
        data=EVENTS["deactivated"].sample, sender="Acme <billing@acme.example>",
    )  # fmt: skip
    if email.status == "sent":
        return None
    try:
        answer = deliver(mail_of(email), SmtpServer("127.0.0.1", process.port, timeout_s=1))
    except OutcomeUnknown as error:
        close_email(email.pk, status="unknown", answer=error.message, code=error.code)
        raise
    close_email(email.pk, status="sent", answer=str(answer))
    return answer


def test_a_mail_asked_for_three_times_arrives_once(mailroom, process):
    answers = [attempt(process, "anna@example.com") for _ in range(3)]
    assert [bool(answer) for answer in answers] == [True, False, False]
    (seen,) = process.journal.mailbox("anna@example.com")
    assert (seen.copies, seen.subject) == (1, "Abgeschaltet: Fibre 100")
    assert Email.objects.get().status == "sent"


def test_a_mail_of_unknown_outcome_is_repeated_as_the_same_mail_though_its_template_changed(
    mailroom, process
):
    process.order("hangup-after")
    with pytest.raises(OutcomeUnknown):
        attempt(process, "anna@example.com")
    assert Email.objects.get().status == "unknown"
    save_template(
        "deactivated.de", event="deactivated", language="de", subject_line="Anders", body_text="Anders"
    )
    process.order("")
    attempt(process, "anna@example.com")
    (seen,) = process.journal.mailbox("anna@example.com")
    assert (seen.copies, seen.subject) == (2, "Abgeschaltet: Fibre 100")
    assert len({line["content"] for line in process.journal.lines("accepted")}) == 1, "the same bytes"
    actions = AuditEntry.objects.filter(subject_kind="email").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["email.prepare", "email.unknown", "email.sent"]


def test_the_audit_names_no_recipient(mailroom, process):
    attempt(process, "canary-8271@example.com")
    for entry in AuditEntry.objects.all():
        assert "canary-8271" not in f"{entry.subject} {entry.reason} {entry.before} {entry.after}"
