"""What an order does to a service at the sandbox provider. Pure: no file, no network."""

from dataclasses import dataclass
from typing import Any

SHOWN = ("service", "there", "active", "quantity", "product", "identity", "revision", "reference")
WHAT = ("active", "quantity", "product", "identity")
TYPES = {"active": bool, "quantity": int, "product": str, "identity": str, "revision": int}


@dataclass(frozen=True)
class Change:
    """The service afterwards. `effect`: it is another for the customer, and not only the revision was noted."""

    after: dict[str, Any]
    effect: bool


def blank(service: str) -> dict[str, Any]:
    """A service that was never there. Its revision is kept nevertheless, so that a late creation is refused."""
    return {
        "service": service,
        "there": False,
        "active": False,
        "quantity": 0,
        "product": "",
        "identity": "",
        "revision": 0,
        "reference": f"sandbox-{service}",
    }


def apply(
    before: dict[str, Any], order: dict[str, Any], *, half: bool = False
) -> Change | tuple[int, dict[str, Any]]:
    """The change, or the status and answer of a refusal. `half`: only the activity is done, as a fault."""
    wrong = [name for name, kind in TYPES.items() if type(order.get(name)) is not kind]
    if wrong:
        return 422, {"error": "invalid", "message": f"missing or wrong: {', '.join(wrong)}"}
    if order["quantity"] < 0 or order["revision"] < 1:
        return 422, {"error": "invalid", "message": "quantity is from 0, revision from 1"}
    if order["revision"] < before["revision"]:
        words = f"revision {order['revision']} is older than {before['revision']}"
        return 409, {"error": "older_revision", "message": words, "revision": before["revision"]}
    after = {**before, "revision": order["revision"]}
    if order["active"] or before["there"]:
        named = ("active",) if half else WHAT
        after |= {"there": True, **{name: order[name] for name in named}}
    return Change(after, any(after[name] != before[name] for name in ("there", *WHAT)))
