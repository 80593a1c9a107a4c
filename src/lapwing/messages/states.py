"""The life of an e-mail: from the intent to what became of it."""

from django.db.models import TextChoices

from lapwing.core.states import StateMachine


class EmailStatus(TextChoices):
    """`unknown`: the line broke after the last byte; the mail may have arrived. `not_sent`: it stopped being true."""

    PREPARED = "prepared"
    UNKNOWN = "unknown"
    SENT = "sent"
    REFUSED = "refused"
    NOT_SENT = "not_sent"


OPEN = (EmailStatus.PREPARED, EmailStatus.UNKNOWN)
FINAL = (EmailStatus.SENT, EmailStatus.REFUSED, EmailStatus.NOT_SENT)

# The event that ends in each status: what `close_email` writes.
CLOSING = {
    EmailStatus.SENT: "accept",
    EmailStatus.REFUSED: "refuse",
    EmailStatus.NOT_SENT: "drop",
    EmailStatus.UNKNOWN: "lose",
}

EMAIL = StateMachine(
    what="e-mail",
    table={
        ("prepared", "accept"): "sent",
        ("prepared", "refuse"): "refused",
        ("prepared", "drop"): "not_sent",
        ("prepared", "lose"): "unknown",
        ("unknown", "accept"): "sent",
        ("unknown", "refuse"): "refused",
        ("unknown", "drop"): "not_sent",
        ("refused", "reopen"): "prepared",
        ("not_sent", "reopen"): "prepared",
    },
)
