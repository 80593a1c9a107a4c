"""What a mail about an event says: gathered when it is sent, so that nothing is mailed that stopped being true.

One file an event in `mail_facts/` of the app that owns the subject.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from lapwing.core.registry import Registry
from lapwing.messages.actions.prepare_email import About


@dataclass(frozen=True)
class Facts:
    """What the event's templates may say, in whose language, and what the mail is about."""

    data: dict[str, Any]
    language: str = ""
    about: About = field(default_factory=About)


class MailFacts(ABC):
    """Registered under the name of its event."""

    name: str

    @abstractmethod
    def gather(self, subject_id: int) -> Facts | None:
        """None where it is no longer true."""


mail_facts: Registry[MailFacts] = Registry("mail event", folder="mail_facts")


def sent_events() -> frozenset[str]:
    """The events that can be mailed: one without facts has templates, and nothing that sends it yet."""
    return frozenset(each.name for each in mail_facts)
