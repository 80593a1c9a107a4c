"""Breakages on purpose, each switched on in one child alone, to show that these tests would notice it.

The product's code knows nothing of them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from lapwing.core.sql import lock_in_key_order
from lapwing.receivables.models import Account
from lapwing.run_kinds.deactivate_in_grace import DeactivateInGrace
from lapwing.run_kinds.subscription_kind import SubscriptionKind
from lapwing.runs import batches, freeze
from lapwing.runs.kinds import Batch
from lapwing.subscriptions.models import Subscription


def break_on_purpose(names: Iterable[str]) -> None:
    for name in names:
        DEFECTS[name]()


def no_account_lock() -> None:
    """The batch locks the subscriptions, but not the accounts whose debt it looks at."""

    def lock(self: SubscriptionKind, batch: Batch) -> None:
        lock_in_key_order(Subscription.objects.filter(batch.keys, pk__in=batch.items().values("subject_id")))

    SubscriptionKind.lock = lock


def locks_after_looking() -> None:
    """The batch decides first and locks the accounts only afterwards."""
    carry_out = SubscriptionKind.act

    def act(self: SubscriptionKind, batch: Batch, chosen: Any) -> int:
        done = carry_out(self, batch, chosen)
        lock_in_key_order(Account.objects.filter(pk__in=batch.items().values("owner_id")))
        return done

    no_account_lock()
    SubscriptionKind.act = act


def no_second_look() -> None:
    """The batch acts on the whole frozen list without asking again who owes and who is protected."""

    def carry_out(self: DeactivateInGrace, batch: Batch) -> int:
        listed = batch.items().filter(subject_id=OuterRef("pk"))
        chosen = Subscription.objects.filter(batch.keys, Exists(listed), life_cycle_state="effective")
        return self.act(batch, chosen.values("pk"))

    DeactivateInGrace.carry_out = carry_out


def batch_not_claimed() -> None:
    """The batch's row is read, but not locked."""
    manager = type(batches.RunBatch.objects)

    def unlocked(self: Any, **_: Any) -> Any:
        return self.get_queryset()

    batches.RunBatch._default_manager.__class__ = type(
        "Unlocked", (manager,), {"select_for_update": unlocked}
    )


def freeze_in_two_transactions() -> None:
    """The items of the list are committed before it is cut into batches."""
    _commit_before(freeze, "_cut")


def batch_in_two_transactions() -> None:
    """The actions of a batch are committed before its audit entry and its counts are written."""
    _commit_before(batches, "record")


def _commit_before(module: Any, name: str) -> None:
    function = getattr(module, name)

    def committed_first(*args: Any, **kwargs: Any) -> Any:
        if connection.vendor == "postgresql":
            connection.connection.commit()
        else:
            connection.connection.execute("COMMIT")
            connection.connection.execute("BEGIN IMMEDIATE")
        return function(*args, **kwargs)

    setattr(module, name, committed_first)


DEFECTS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        no_account_lock,
        locks_after_looking,
        no_second_look,
        batch_not_claimed,
        freeze_in_two_transactions,
        batch_in_two_transactions,
    )
}
