"""What the sandbox provider was told to do wrong, per service or for all, a number of times or for good."""

import threading
from dataclasses import dataclass, field
from typing import Any

MODES = {
    "slow": "waits, then acts",
    "late": "acts, then waits before it answers",
    "refuse": "422 without acting",
    "hang_up_before": "closes the connection without acting",
    "hang_up_after": "acts, then closes the connection without an answer",
    "error_before": "500 without acting",
    "error_after": "acts, then answers 500",
    "busy": "429 without acting",
    "nonsense": "acts, then answers what is no JSON",
    "half": "does half of it and answers what is there then",
    "redirect": "302 to elsewhere without acting",
}


@dataclass
class Rule:
    mode: str
    service: str = "*"
    seconds: float = 1.0  # of waiting, or of Retry-After
    times: int | None = None  # None: until cleared
    methods: list[str] = field(default_factory=lambda: ["PUT"])


class Rules:
    """The rules in force. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, given: dict[str, Any]) -> str:
        """'' when it was understood, otherwise what is wrong."""
        try:
            rule = Rule(**given)
        except TypeError as error:
            return str(error)
        if rule.mode not in MODES:
            return f"unknown mode {rule.mode}; known: {', '.join(MODES)}"
        with self._lock:
            self._rules.append(rule)
        return ""

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, service: str, method: str) -> Rule | None:
        """The first rule that fits; one of its times is used up."""
        with self._lock:
            for rule in self._rules:
                if rule.service in ("*", service) and method in rule.methods and rule.times != 0:
                    rule.times = None if rule.times is None else rule.times - 1
                    return rule
        return None
