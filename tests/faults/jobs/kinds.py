"""The job types that are tried, one short description each: how to ask for some, and how their effects are counted.

`world` counts in the file of another system what happened, by job; `books` are statements that count rows of our own
database, by job: exactly one for a job that succeeded.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, eq=False)
class Kind:
    name: str
    parameters: Callable[[Any], dict[str, Any]] = lambda scene: {}
    world: Callable[[Any], Counter[int]] | None = None
    books: dict[str, str] = field(default_factory=dict)

    def ask(self, scene: Any, many: int) -> list[int]:
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
    how: Kind("misbehave", parameters=lambda scene, how=how: {"how": how}, books={"row": _effects("what = 'misbehave'")})
    for how in ("raise", "exit", "hang", "eat")
}
MIX = {BOOK: 170, TELL: 40, ORDER: 40}
