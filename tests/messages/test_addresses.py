"""Addresses, the server's URL, and the bytes of a mail: nothing typed by anybody becomes a header or a command."""

import re
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapwing.core.errors import Refused
from lapwing.messages.addresses import parse_address, parse_sender
from lapwing.messages.mail import content, message_id
from lapwing.messages.smtp import _stuffed
from lapwing.messages.smtp_server import SmtpServer, Tls, server_from_url
from tests.messages.mails import a_mail

GOOD = [
    # written, kept, mailbox
    ("anna@example.com", "anna@example.com", "anna@example.com"),
    (" Anna.Berg+x@Example.COM ", "Anna.Berg+x@example.com", "anna.berg+x@example.com"),
    ("o'neil@example.co.uk", "o'neil@example.co.uk", "o'neil@example.co.uk"),
    ("root@localhost", "root@localhost", "root@localhost"),
    ("anna@bücher.example", "anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
    ("anna@straße.example", "anna@xn--strae-oqa.example", "anna@xn--strae-oqa.example"),
    ("Jürgen@example.com", "Jürgen@example.com", "jürgen@example.com"),
    ("ju\u0308rgen@example.com", "jürgen@example.com", "jürgen@example.com"),
]
BAD = [
    "", "@", "anna", "anna@", "@example.com", "a b@example.com", "anna@exa mple.com", "anna@@example.com",
    "anna@example.com\r\nBcc: x@y.z", "anna\n@example.com", "anna@example.com\n", "an\x00na@example.com",
    "anna@example.com>", "<anna@example.com>", "Anna <anna@example.com>", "a@b.c, d@e.f", "a@b.c;d@e.f",
    '"a b"@example.com', "(x)anna@example.com", ".anna@example.com", "anna.@example.com", "an..na@example.com",
    "anna@[127.0.0.1]", "anna@-example.com", "anna@example..com", "anna@.example.com", "anna@example_x.com",
    "a" * 65 + "@example.com", "anna@" + "a" * 64 + ".com", "anna@" + "abc." * 80 + "com", "anna@ex\u202eample.com",
    "an\u200bna@example.com", "an\ud800na@example.com", "anna@\u2028example.com", "x@\u3002.com",
]  # fmt: skip


@pytest.mark.parametrize(("written", "kept", "mailbox"), GOOD)
def test_an_address_is_kept_in_one_form(written, kept, mailbox):
    address = parse_address(written)
    assert (str(address), address.mailbox) == (kept, mailbox)
    assert str(parse_address(kept)) == kept


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_is_no_plain_address_is_refused(text):
    with pytest.raises(Refused) as refusal:
        parse_address(text)
    assert refusal.value.code == "bad_address"
    assert refusal.value.message.isprintable()


@given(st.text(max_size=40) | st.tuples(st.text(max_size=20), st.text(max_size=20)).map("@".join))
def test_any_text_is_an_address_of_one_line_or_refused(text):
    try:
        address = parse_address(text)
    except Refused:
        return
    assert not re.search(r"[\s<>,;:\"\x00-\x1f]", str(address)) and str(address).count("@") == 1
    assert address.domain.isascii() and len(str(address).splitlines()) == 1
    content(a_mail(str(address)))


def test_a_sender_may_have_a_name():
    sender = parse_sender("Acme Büro <billing@acme.example>")
    assert (sender.name, str(sender.address)) == ("Acme Büro", "billing@acme.example")
    assert parse_sender('"Acme, Inc." <b@acme.example>').name == "Acme, Inc."
    assert parse_sender("billing@acme.example").name == ""


@pytest.mark.parametrize("text", ["A\r\nBcc: x <a@b.c>", "A <a@b.c> <d@e.f>", "A\x00 <a@b.c>", "x" * 101 + " <a@b.c>", "A <>", 'a"b <a@b.c>'])  # fmt: skip
def test_a_name_that_could_become_a_header_is_refused(text):
    with pytest.raises(Refused):
        parse_sender(text)


def test_the_same_mail_is_always_the_same_bytes():
    assert content(a_mail()) == content(a_mail())
    assert content(a_mail(html="")) == content(a_mail(html=""))
    assert content(a_mail(text="other")) != content(a_mail())


@given(st.text(max_size=200), st.text(max_size=200))
def test_bodies_of_any_text_stay_bodies(text, html):
    from lapwing.messages.language import HTML, SUBJECT, TEXT, parse, render

    data = {"t": text, "h": html}
    parts = {
        "subject": render(parse("{{ t }}"), data, mode=SUBJECT, language="en"),
        "text": render(parse("{{ t }}"), data, mode=TEXT, language="en"),
        "html": render(parse("<p>{{ h }}</p>"), data, mode=HTML, language="en"),
    }
    written = content(a_mail(**parts))
    message = message_from_bytes(written, policy=default)
    assert written.isascii()
    assert set(message.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}  # fmt: skip
    assert len(list(message.iter_parts())) == 2
    lines = _stuffed(written).split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not any(line.startswith(b".") and not line.startswith(b"..") for line in lines)


def test_a_message_id_follows_from_key_and_mailbox():
    one = message_id("invoice_issued INV-1", "anna@example.com", "acme.example")
    assert re.fullmatch(r"<[0-9a-f]{40}@acme\.example>", one)
    assert one == message_id("invoice_issued INV-1", "anna@example.com", "acme.example")
    assert one != message_id("invoice_issued INV-1", "ben@example.com", "acme.example")
    assert one != message_id("invoice_issued INV-2", "anna@example.com", "acme.example")


URLS = [
    ("smtp://127.0.0.1:2525", SmtpServer("127.0.0.1", 2525)),
    ("smtp://mail.example.com", SmtpServer("mail.example.com", 25)),
    (
        "smtp://u:p%40ss@mail.example.com?tls=starttls",
        SmtpServer("mail.example.com", 587, Tls.STARTTLS, "u", "p@ss"),
    ),
    (
        "smtps://u:p@mail.example.com?timeout_s=2.5&total_timeout_s=9",
        SmtpServer("mail.example.com", 465, Tls.IMPLICIT, "u", "p", 2.5, 9),
    ),
    ("smtp://u:p@localhost:25", SmtpServer("localhost", 25, Tls.NONE, "u", "p")),
    ("smtp://[::1]:2525", SmtpServer("::1", 2525)),
    (
        "smtps://mail.example.com?ca_file=/etc/ca.pem",
        SmtpServer("mail.example.com", 465, Tls.IMPLICIT, ca_file="/etc/ca.pem"),
    ),
]


@pytest.mark.parametrize(("url", "server"), URLS)
def test_a_url_says_where_mail_is_handed_in(url, server):
    assert server_from_url(url) == server


BAD_URLS = [
    "", "mail.example.com", "http://u:s3cret@x", "smtp://", "smtp://u:s3cret@", "smtp://u:s3cret@x:99999",
    "smtp://u:s3cret@x:port", "smtp://u:s3cret@x/path", "smtp://u:s3cret@x?tls=maybe", "smtp://u:s3cret@x?verify=no",
    "smtp://u:s3cret@mail.example.com", "smtp://u:s3cret@x?timeout_s=0", "smtp://u:s3cret@x?timeout_s=ten",
    "smtp://u:s3cret@[x", "smtp://u:s3cret@x y", "smtp://u:s3cret@x?s3cret", "smtp://u:s3cret@x?tls=starttls#s3cret",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_wrong_url_is_refused_without_its_password(url):
    with pytest.raises(Refused) as refusal:
        server_from_url(url)
    assert refusal.value.code == "bad_smtp_url"
    assert "s3cret" not in str(refusal.value)


def test_the_password_is_not_shown():
    server = server_from_url("smtps://u:s3cret@mail.example.com")
    assert "s3cret" not in f"{server} {server!r}"
