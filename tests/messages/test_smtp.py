"""Handing a mail to a real server: what each of its manners means, and that "not sent" is never said of a sent mail."""

import smtplib
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from ipaddress import ip_address

import pytest

from lapwing.messages.errors import NotSent, OutcomeUnknown, RefusedByServer
from lapwing.messages.smtp import deliver
from lapwing.messages.smtp_server import SmtpServer, Tls
from tests.messages.mail_process import MailProcess
from tests.messages.mails import a_mail

pytestmark = pytest.mark.xdist_group("mail")


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with MailProcess(tmp_path_factory.mktemp("mail")) as process:
        yield process


@pytest.fixture
def server(process):
    process.order("")
    return SmtpServer("127.0.0.1", process.port, timeout_s=1, total_timeout_s=5)


def test_a_mail_arrives_as_it_was_written(process, server):
    mail = a_mail("arrives@example.com", cc=("copy@example.com",))
    answer = deliver(mail, server)
    assert answer.reply_code == 250 and "accepted as" in answer.text
    (seen,) = process.journal.mailbox("arrives@example.com")
    message = message_from_string(seen.content, policy=default)
    assert seen.message_id == message["Message-ID"] == mail.message_id
    assert message["Subject"] == "Rechnung über 12 €"
    assert message["From"] == "Acme Büro <billing@acme.example>"
    assert (message["To"], message["Cc"]) == ("arrives@example.com", "copy@example.com")
    assert message["Date"].datetime == mail.date
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().strip() == mail.html
    assert [each.message_id for each in process.journal.mailbox("copy@example.com")] == [mail.message_id]


MANNERS = [
    # recipient, what is raised, code, arrived
    ("refuse@example.com", RefusedByServer, "smtp_refused", False),
    ("refuse-data@example.com", RefusedByServer, "smtp_refused", False),
    ("temp@example.com", NotSent, "smtp_temporary", False),
    ("temp-data@example.com", NotSent, "smtp_temporary", False),
    ("hangup-rcpt@example.com", NotSent, "smtp_connection_lost", False),
    ("slow-rcpt+3@example.com", NotSent, "smtp_connection_lost", False),
    ("hangup-before@example.com", OutcomeUnknown, "outcome_unknown", False),
    ("hangup-after@example.com", OutcomeUnknown, "outcome_unknown", True),
    ("slow+3@example.com", OutcomeUnknown, "outcome_unknown", True),
    ("nonsense@example.com", OutcomeUnknown, "outcome_unknown", True),
]


@pytest.mark.parametrize(("recipient", "error", "code", "arrived"), MANNERS)
def test_each_manner_of_a_server_has_its_name(process, server, recipient, error, code, arrived):
    with pytest.raises(error) as raised:
        deliver(a_mail(recipient), server)
    assert raised.value.code == code
    assert f"mail server 127.0.0.1:{server.port}" in raised.value.message
    assert bool(process.journal.mailbox(recipient)) == arrived


def test_the_words_of_the_server_are_told(server):
    with pytest.raises(RefusedByServer, match=r"550 5\.1\.1 there is no such mailbox") as raised:
        deliver(a_mail("refuse@example.com"), server)
    assert raised.value.reply_code == 550


def test_a_server_that_goes_on_talking_is_cut_at_the_total_limit(server):
    began = time.monotonic()
    with pytest.raises(NotSent) as raised:
        deliver(a_mail("drip@example.com"), replace(server, total_timeout_s=2))
    assert raised.value.code == "smtp_connection_lost"
    assert time.monotonic() - began < 4


def test_a_timeout_is_called_one(server):
    with pytest.raises(OutcomeUnknown, match="no answer within the time limit"):
        deliver(a_mail("slow+3@example.com", key="timeout"), server)


def test_a_repeated_mail_is_seen_once(process, server):
    mail = a_mail("hangup-after@example.com", key="repeated")
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            deliver(mail, server)
    (seen,) = [
        m for m in process.journal.mailbox("hangup-after@example.com") if m.message_id == mail.message_id
    ]
    assert seen.copies == 3


def test_a_server_that_was_full_takes_the_same_mail_later(process, server):
    mail = a_mail("later@example.com")
    process.order("temp-data")
    with pytest.raises(NotSent, match="451"):
        deliver(mail, server)
    process.order("")
    deliver(mail, server)
    assert [seen.copies for seen in process.journal.mailbox("later@example.com")] == [1]


def test_a_refused_copy_does_not_keep_the_mail_from_its_recipient(process, server):
    answer = deliver(a_mail("cc-ok@example.com", cc=("refuse@example.com", "other@example.com")), server)
    assert answer.refused_cc == ("refuse@example.com",)
    assert "refused copy to refuse@example.com" in str(answer)
    assert len(process.journal.mailbox("cc-ok@example.com")) == 1


def test_a_copy_refused_for_now_sends_nothing_yet(process, server):
    with pytest.raises(NotSent):
        deliver(a_mail("cc-later@example.com", cc=("temp@example.com",)), server)
    assert process.journal.mailbox("cc-later@example.com") == []


def test_a_server_that_is_not_there_is_unreachable(process, tmp_path):
    with MailProcess(tmp_path) as other:
        port = other.port
    with pytest.raises(NotSent) as raised:
        deliver(a_mail(), SmtpServer("127.0.0.1", port, timeout_s=1))
    assert raised.value.code == "smtp_unreachable"


def test_a_name_nobody_knows_is_unreachable():
    with pytest.raises(NotSent) as raised:
        deliver(a_mail(), SmtpServer("mail.invalid", 25, timeout_s=1))
    assert raised.value.code == "smtp_unreachable"


class Breaking:
    """Breaks the n-th call of a method of smtplib's line, before or after it had its effect."""

    def __init__(self, monkeypatch, method: str, nth: int, *, after: bool) -> None:
        self.calls, original = 0, getattr(smtplib.SMTP, method)

        def call(line, *args):
            self.calls += 1
            if self.calls != nth:
                return original(line, *args)
            if after:
                original(line, *args)
            line.close()
            raise ConnectionResetError("broken by the test")

        monkeypatch.setattr(smtplib.SMTP, method, call)


@pytest.mark.parametrize("method", ["send", "getreply"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_not_sent_is_never_said_of_a_mail_that_arrived(process, server, method, after):
    """The n-th call fails, for n = 1 … end: each failure is named for what the server really has."""
    named = []
    for nth in range(1, 40):
        recipient = f"nth-{method}-{after}-{nth}@example.com"
        with pytest.MonkeyPatch.context() as patch:
            breaking = Breaking(patch, method, nth, after=after)
            try:
                deliver(a_mail(recipient), server)
            except (NotSent, OutcomeUnknown) as error:
                named.append(type(error))
                time.sleep(0.05)
                if isinstance(error, NotSent):
                    assert process.journal.mailbox(recipient) == []
                continue
            assert len(process.journal.mailbox(recipient)) == 1
            if breaking.calls < nth:
                break
    else:
        pytest.fail("never came to its end")
    assert named.count(NotSent) >= 4 and named.count(OutcomeUnknown) >= 1
    assert named == sorted(named, key=lambda kind: kind is OutcomeUnknown), "unknown only at the end"


# --- letters beyond ASCII ---------------------------------------------------------------------------------------


def test_letters_beyond_ascii_before_the_at_are_refused_where_the_server_knows_none(server):
    with pytest.raises(RefusedByServer) as raised:
        deliver(a_mail("jürgen@example.com"), server)
    assert raised.value.code == "smtp_address_unsupported"


def test_letters_beyond_ascii_arrive_where_the_server_knows_them(tmp_path):
    with MailProcess(tmp_path, "--smtputf8") as process:
        deliver(a_mail("jürgen@bücher.example"), SmtpServer("127.0.0.1", process.port, timeout_s=2))
        (seen,) = process.journal.mailbox("jürgen@xn--bcher-kva.example")
        assert "To: jürgen@xn--bcher-kva.example" in seen.content


def test_a_domain_beyond_ascii_arrives_anywhere(process, server):
    deliver(a_mail("anna@bücher.example"), server)
    assert process.journal.mailbox("anna@xn--bcher-kva.example")


# --- encryption and signing in ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    no_password = serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(certificate.public_bytes(encoding))
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, form, no_password))
    return folder


@pytest.fixture(params=[Tls.STARTTLS, Tls.IMPLICIT])
def secured(request, certificate, tmp_path):
    options = [
        "--tls",
        str(request.param),
        "--cert",
        str(certificate / "cert.pem"),
        "--key",
        str(certificate / "key.pem"),
    ]
    with MailProcess(tmp_path, *options, "--auth", "lapwing:s3cret-pass") as process:
        yield (
            process,
            SmtpServer(
                "127.0.0.1",
                process.port,
                request.param,
                "lapwing",
                "s3cret-pass",
                3,
                10,
                str(certificate / "cert.pem"),
            ),
        )


def test_a_mail_goes_over_an_encrypted_line_with_a_password(secured):
    process, server = secured
    deliver(a_mail(), server)
    assert process.journal.deliveries == 1


def test_a_wrong_password_keeps_the_mail_and_is_told_nowhere(secured):
    process, server = secured
    with pytest.raises(NotSent) as raised:
        deliver(a_mail(), replace(server, password="wr0ng-pass"))
    assert raised.value.code == "smtp_auth_failed"
    assert "wr0ng" not in f"{raised.value} {raised.value!r} {server!r} {raised.value.__cause__}"
    assert process.journal.deliveries == 0


def test_an_unknown_certificate_is_not_trusted(secured):
    process, server = secured
    with pytest.raises(NotSent, match="self-signed") as raised:
        deliver(a_mail(), replace(server, ca_file=""))
    assert raised.value.code == "smtp_tls_failed"
    assert process.journal.deliveries == 0


def test_a_server_without_encryption_gets_neither_mail_nor_password(process, server):
    before = process.journal.deliveries
    with pytest.raises(NotSent, match="offers no encryption") as raised:
        deliver(a_mail(), replace(server, tls=Tls.STARTTLS, user="lapwing", password="s3cret"))
    assert raised.value.code == "smtp_tls_failed"
    assert process.journal.deliveries == before


def test_certificates_can_be_missing_without_a_traceback(server):
    with pytest.raises(NotSent, match="cannot be read"):
        deliver(a_mail(), replace(server, tls=Tls.IMPLICIT, ca_file="/nowhere.pem"))


def test_nothing_is_handed_over_after_the_time_limit_however_long_the_name_took(process, server, monkeypatch):
    def slow(*args, real=socket.getaddrinfo, **options):
        time.sleep(0.55)
        return real(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(NotSent) as raised:
        deliver(a_mail("late@example.com"), replace(server, total_timeout_s=0.5))
    assert raised.value.code == "smtp_too_late"
    assert process.journal.mailbox("late@example.com") == []
