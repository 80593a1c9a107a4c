"""The job types that are tried, one short description each: how to ask for some, and how their effects are counted.

`world` counts in the file of another system what happened, by job; `books` are statements that count rows of our own
database, by job: exactly one for a job that succeeded.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.faults.stage import dose


@dataclass(frozen=True, eq=False)
class Kind:
    name: str
    parameters: Callable[[Any], dict[str, Any]] = lambda scene: {}
    world: Callable[[Any], Counter[int]] | None = None
    books: dict[str, str] = field(default_factory=dict)
    deed: str = ""  # that asks for so many, where they are asked for by a change of the domain
    beside: Callable[[Any], list[str]] = lambda scene: []  # what else is wrong, in words

    def ask(self, scene: Any, many: int) -> list[int]:
        if self.deed:
            return scene.do(self.deed, many=many)
        asked = scene.do("ask", asked=[(self.name, many, self.parameters(scene))])
        return asked.get(self.name, [])


def _effects(condition: str) -> str:
    return f"SELECT job_id, COUNT(*) FROM samples_effect WHERE {condition} GROUP BY job_id"


BOOK = Kind("book", books={"row": _effects("what = 'book'")})
TELL = Kind(
    "tell",
    parameters=lambda scene: {"file": str(scene.world.told)},
    world=lambda scene: scene.world.lines(),
    books={"row": _effects("what IN ('told', 'already told')")},
)
ORDER = Kind(
    "order",
    parameters=lambda scene: {"address": scene.world.address},
    world=lambda scene: scene.world.effects(),
    books={"row": _effects("what = 'ordered'"), "key": _effects("what LIKE 'key:%'")},
)
SLOW_ORDER = replace(ORDER, parameters=lambda scene: {"address": scene.world.address, "slow_s": 0.5})
MISBEHAVIOURS = {
    how: Kind(
        "misbehave",
        parameters=lambda scene, how=how: {"how": how},
        books={"row": _effects("what = 'misbehave'")},
    )
    for how in ("raise", "exit", "hang", "eat")
}


def _by_parameter(scene: Any, job_type: str, name: str) -> dict[str, int]:
    """Numbers of jobs by one of their parameters."""
    statement = f"SELECT parameters ->> '{name}', id FROM jobs_job WHERE type = '{job_type}'"
    return {str(value): number for value, number in scene.rows(statement)}


def _told_the_provider(scene: Any) -> Counter[int]:
    jobs = _by_parameter(scene, "sync_license_change_log", "license_change")
    changes = Counter(key.removeprefix("lcl ") for key in scene.outside.provider_effects())
    return Counter({jobs[change]: times for change, times in changes.items() if change in jobs})


def _mailed(scene: Any) -> Counter[int]:
    """Mailboxes fold copies of one Message-ID; two Message-IDs are two mails."""
    jobs = _by_parameter(scene, "send_email", "recipient")
    seen = {recipient for recipient, _ in scene.outside.mails()}
    mails = Counter(recipient for recipient, _ in scene.outside.mails())
    return Counter({jobs[recipient]: mails[recipient] for recipient in seen if recipient in jobs})


def _provider_disagrees(scene: Any) -> list[str]:
    """Subscriptions whose state at the provider is not ours."""
    theirs = scene.outside.provider.ask("/services")
    ours = scene.rows("SELECT number, quantity FROM subscriptions_subscription WHERE number LIKE 'S%'")
    return [
        f"provider: {number} has {theirs[number]['quantity']}, we have {quantity}"
        for number, quantity in ours
        if number in theirs and theirs[number]["quantity"] != quantity
    ]


SYNC = Kind(
    "sync_license_change_log",
    deed="change_licenses",
    world=_told_the_provider,
    books={
        "license change": "SELECT j.id, COUNT(*) FROM jobs_job j JOIN subscriptions_licensechangelog l "
        "ON CAST(l.id AS text) = j.parameters ->> 'license_change' "
        "WHERE j.type = 'sync_license_change_log' AND l.provisioning_status = 'provisioned' GROUP BY j.id"
    },
    beside=_provider_disagrees,
)
MAIL = Kind(
    "send_email",
    deed="ask_for_mails",
    world=_mailed,
    books={
        "mail": "SELECT j.id, COUNT(*) FROM jobs_job j JOIN lapwing_messages_email e ON e.key = j.parameters ->> 'key' "
        "WHERE j.type = 'send_email' AND e.status = 'sent' GROUP BY j.id"
    },
)
REAL = {SYNC: dose(24, 40), MAIL: dose(24, 40), BOOK: dose(24, 40)}
MIX = {BOOK: dose(100, 170), TELL: dose(20, 40), ORDER: dose(20, 40)}
