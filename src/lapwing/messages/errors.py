"""What may become of an attempt to deliver a mail, when it is not accepted. Three answers, and each says what to do."""


class Undelivered(Exception):
    """`code` is stable; `message` names the server and its words, never a password. `reply_code` is SMTP's, or None."""

    def __init__(self, code: str, message: str, reply_code: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.reply_code = code, message, reply_code

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class NotSent(Undelivered):
    """Certainly not accepted, and not the mail's fault: try again later.

    Codes: smtp_unreachable, smtp_not_ready, smtp_tls_failed, smtp_auth_failed, smtp_temporary, smtp_connection_lost.
    """


class RefusedByServer(Undelivered):
    """Certainly not accepted, and the same again would be refused again.

    Codes: smtp_refused, smtp_address_unsupported.
    """


class OutcomeUnknown(Undelivered):
    """All was sent, the answer never came: the mail may have arrived. Code: outcome_unknown.

    Sending again is right only with the same Message-ID, by which mailboxes recognise a copy.
    """
