"""What the sandbox provider and the sandbox mail server wrote into their own journals."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.messages.mail_process import MailProcess
from tests.sandbox_provider import SandboxProvider


@dataclass(frozen=True)
class Outside:
    provider: SandboxProvider
    mail: MailProcess

    def provider_effects(self) -> list[str]:
        """The key of every order that changed something there, once a change."""
        return [
            fact["key"] for fact in _lines(self.provider.journal) if fact["fact"] == "effect" and fact["key"]
        ]

    def mails(self) -> set[tuple[str, str]]:
        """Mailbox and Message-ID of every mail that was taken."""
        return {(line["recipient"], line["message_id"]) for line in self.mail.journal.lines("accepted")}

    def copies(self) -> int:
        """How many mails came again under a Message-ID that its mailbox had."""
        return self.mail.journal.deliveries - len(self.mails())


def _lines(journal: Path) -> list[dict]:
    return [json.loads(line) for line in journal.read_text().rpartition("\n")[0].splitlines()]
