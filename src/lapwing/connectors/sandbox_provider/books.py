"""The provider's own count: an append-only file of the orders it was told and of what really changed by them.

One line is one fact and is written before it is true in memory; so after a kill at any point the file alone says what
happened. A last line cut off by the kill never happened.
"""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from lapwing.connectors.sandbox_provider.services import SHOWN, Change, apply, blank


class Books:
    """Services, agreements, remembered keys and counts. Every method is safe from several threads."""

    def __init__(self, journal: Path) -> None:
        self._lock = threading.Lock()
        self._services: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, dict[str, Any]] = {}
        self._agreements: dict[str, str] = {}
        self._calls: Counter[str] = Counter()
        self._effects: Counter[str] = Counter()
        for fact in _whole_lines(journal):
            self._learn(fact)
        self._journal = journal.open("a", encoding="utf-8")

    def received(self, service: str, call: dict[str, Any]) -> None:
        with self._lock:
            self._write({"fact": "received", "service": service, **call})

    def change(
        self, service: str, key: str, order: dict[str, Any], *, half: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer. The same key gives the same answer and has no second effect; an older revision, none."""
        with self._lock:
            known = self._keys.get(key)
            if known is not None:
                return _again(known, service, order)
            before = self._services.get(service, blank(service))
            outcome = apply(before, order, half=half)
            if isinstance(outcome, Change):
                self._write(
                    {
                        "fact": "effect" if outcome.effect else "noted",
                        "service": service,
                        "key": key if not half else "",
                        "order": order,
                        "from": before,
                        "to": outcome.after,
                        "revision": outcome.after["revision"],
                    }
                )
                return 200, _answer(outcome.after, changed=outcome.effect, replayed=False)
            return outcome  # a refusal is not remembered under its key

    def service(self, service: str) -> dict[str, Any] | None:
        with self._lock:
            found = self._services.get(service)
            return _shown(found) if found and found["there"] else None

    def services(self) -> dict[str, Any]:
        with self._lock:
            return {name: _shown(found) for name, found in sorted(self._services.items()) if found["there"]}

    def counts(self) -> dict[str, dict[str, int]]:
        with self._lock:
            names = sorted({*self._calls, *self._effects})
            return {name: {"calls": self._calls[name], "effects": self._effects[name]} for name in names}

    def agreement(self, identity: str) -> str | None:
        with self._lock:
            return self._agreements.get(identity)

    def set_agreement(self, identity: str, state: str) -> None:
        with self._lock:
            self._write({"fact": "agreement", "identity": identity, "state": state})

    def set_by_hand(self, service: str, values: dict[str, Any]) -> None:
        """The provider's own people set a service up or change it; no order of ours, so the revision stays."""
        with self._lock:
            before = self._services.get(service) or blank(service)
            after = {**before, "there": True, **values}
            self._write({"fact": "by_hand", "service": service, "from": before, "to": after})

    def forget_keys(self) -> None:
        with self._lock:
            self._write({"fact": "forgot_keys"})

    def _write(self, fact: dict[str, Any]) -> None:
        self._journal.write(json.dumps(fact, sort_keys=True) + "\n")
        self._journal.flush()
        self._learn(fact)

    def _learn(self, fact: dict[str, Any]) -> None:
        kind = fact["fact"]
        if kind == "received":
            self._calls[fact["service"]] += 1
        elif kind == "agreement":
            self._agreements[fact["identity"]] = fact["state"]
        elif kind == "forgot_keys":
            self._keys.clear()
        else:
            self._services[fact["service"]] = fact["to"]
            self._effects[fact["service"]] += kind == "effect"
            if fact.get("key"):
                self._keys[fact["key"]] = {**fact, "effect": kind == "effect"}


def _again(known: dict[str, Any], service: str, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if known["service"] != service or known["order"] != order:
        return 422, {"error": "key_reused", "message": "this key came with another order before"}
    return 200, _answer(known["to"], changed=known["effect"], replayed=True)


def _answer(service: dict[str, Any], *, changed: bool, replayed: bool) -> dict[str, Any]:
    return {**_shown(service), "changed": changed, "replayed": replayed}


def _shown(service: dict[str, Any]) -> dict[str, Any]:
    return {name: service[name] for name in SHOWN}


def _whole_lines(journal: Path) -> list[dict[str, Any]]:
    """The facts; a line that a kill cut off is cut off the file too."""
    if not journal.exists():
        return []
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with journal.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]
