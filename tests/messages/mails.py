"""Mails for the tests, as plain values."""

from dataclasses import replace
from datetime import UTC, datetime

from lapwing.messages.addresses import parse_address, parse_sender
from lapwing.messages.mail import Mail, message_id

NOON = datetime(2015, 3, 10, 12, tzinfo=UTC)


def a_mail(
    recipient: str = "anna@example.com", *, key: str = "k-1", cc: tuple[str, ...] = (), **parts: str
) -> Mail:
    to = parse_address(recipient)
    mail = Mail(
        message_id=message_id(key, to.mailbox, "acme.example"),
        sender=parse_sender("Acme Büro <billing@acme.example>"),
        recipient=to,
        cc=tuple(parse_address(each) for each in cc),
        subject="Rechnung über 12 €",
        text="Guten Tag,\n\n.a line with a dot\nÄpfel\n",
        html="<p>Äpfel</p>",
        date=NOON,
    )
    return replace(mail, **parts)
