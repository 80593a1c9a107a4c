"""The product's answers, in the shapes of the oracle's: numbers and codes instead of keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lapwing.receivables.actions.dispute_invoice import dispute_invoice
from lapwing.receivables.actions.hold_account import hold_account
from lapwing.receivables.actions.post_payment import post_payment, reverse_payment
from lapwing.receivables.actions.release_account import release_account
from lapwing.receivables.actions.set_account_state import set_account_state
from lapwing.receivables.models import Account as StoredAccount
from lapwing.receivables.models import OpenItem
from lapwing.runs import definitions
from lapwing.runs.kinds import Assignment, Explanation, RunKind, kinds
from lapwing.runs.models import Run, RunItem
from lapwing.runs.outcomes import with_outcome
from lapwing.runs.preview import preview_of
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.protect import protect
from lapwing.subscriptions.models import Subscription as StoredSubscription

from .disturbances import Event, payment_reference

HEAD = ("kind", "name", "alternative_code")


@dataclass(frozen=True)
class Selected:
    """What the selection wrote down of a subscription: whose money, how much, and of which invoices."""

    account: str
    amount_minor: int
    currency: str
    invoices: tuple[tuple[str, int], ...] = ()


class Names:
    """Numbers by key, of one loaded base."""

    def __init__(self) -> None:
        self.subscriptions = dict(StoredSubscription.objects.values_list("pk", "number"))
        self.accounts = dict(StoredAccount.objects.values_list("pk", "number"))
        self.invoices = dict(OpenItem.objects.values_list("pk", "number"))

    def selected(self, owner: int, minor: int, currency: str, evidence: str) -> Selected:
        debt = [word.split(":") for word in evidence.split()]
        invoices = sorted((self.invoices[int(key)], int(amount)) for key, amount in debt)
        return Selected(self.accounts[owner], int(minor), currency, tuple(invoices))


class Asked:
    """A definition asked of the product for one day."""

    def __init__(
        self, definition: dict[str, Any], names: Names, *, day: date, window_from: date | None, today: date
    ) -> None:
        self.names = names
        self.kind: RunKind = kinds.get(definition["kind"])
        content = {key: value for key, value in definition.items() if key not in HEAD}
        specification = definitions.read(self.kind, content)
        self.assignment = Assignment(specification, day, window_from or day, today)

    def selected(self) -> dict[str, Selected]:
        columns = ("pk", "item_owner_id", "item_amount_minor", "item_currency", "item_evidence")
        rows = list(self.kind.select(self.assignment).values_list(*columns))
        found = {self.names.subscriptions[key]: self.names.selected(*row) for key, *row in rows}
        assert len(found) == len(rows), "a subscription is selected twice"
        return found

    def verdicts(self) -> dict[str, str]:
        """The code of each selected subscription; empty for what would be done."""
        rows = self.kind.judge(self.assignment).values_list("pk", "verdict")
        return {self.names.subscriptions[key]: verdict for key, verdict in rows}

    def preview(self) -> tuple[dict[str, Any], list[str]]:
        """As the oracle previews it, and the subscriptions of the sample."""
        found = preview_of(self.kind, self.assignment)
        by = {
            facet: {name: _with_accounts(entry) for name, entry in entries.items()}
            for facet, entries in found.by.items()
        }
        counts = {
            "selected": found.selected,
            "would_do": found.would_do,
            "would_skip": found.would_skip,
            "would_error": found.would_error,
            "accounts": found.owners,
            "amount_minor": found.amount_minor,
            "by": by,
        }
        return counts, [entry["subscription"] for entry in found.sample]

    def explain(self, number: str) -> Explanation:
        return self.kind.explain(self.assignment, number)


def _with_accounts(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "would_do": entry["would_do"],
        "accounts": entry["owners"],
        "amount_minor": entry["amount_minor"],
    }


def items_of(run: Run, names: Names) -> dict[str, tuple[str, str, int, str]]:
    """Outcome, code, amount and currency of each item."""
    items = with_outcome(RunItem.objects.filter(run_id=run.pk))
    return {
        names.subscriptions[item.subject_id]: (
            item.outcome,
            item.code or "",
            item.amount_minor,
            item.currency,
        )
        for item in items
    }


def frozen_items(run_id: int, names: Names) -> dict[str, Selected]:
    items = RunItem.objects.filter(run_id=run_id)
    rows = items.values_list("subject_id", "owner_id", "amount_minor", "currency", "evidence")
    return {names.subscriptions[key]: names.selected(*row) for key, *row in rows}


def outcomes(items: dict[str, tuple[str, str, int, str]]) -> Counter[str]:
    return Counter(code or outcome for outcome, code, _, _ in items.values())


def apply_events(events: Sequence[Event]) -> None:
    """The events as people would cause them: each by its action, today."""
    for serial, (name, subject, *rest) in enumerate(events):
        match name:
            case "pay":
                amount, invoice = rest
                reference = payment_reference(serial)
                post_payment(subject, amount, reference=reference, invoice_number=invoice)
            case "reverse":
                reverse_payment(subject, reason="returned")
            case "hold":
                hold_account(subject, until=rest[0], reason="as agreed")
            case "release":
                release_account(subject)
            case "suspend":
                set_account_state(subject, "suspended")
            case "dispute":
                dispute_invoice(subject, reason="says it is wrong")
            case "extend_grace":
                perform(subject, "extend_grace_period", until=rest[0])
            case "cancel":
                perform(subject, "cancel_subscription")
            case "deactivate":
                perform(subject, "deactivate_subscription")
            case "activate":
                perform(subject, "activate_subscription")
            case "change_quantity":
                perform(subject, "change_quantity", to=str(rest[0]))
            case "protect":
                protect(subject, reason="protected meanwhile")
            case _:
                raise ValueError(f"event {name} is unknown")
