"""`verify` sees what was tampered with: each invariant broken once by hand; and the audit cannot be changed."""

import pytest
from django.db import DatabaseError, connection, transaction

from lapwing.audit.actions.seal import seal
from lapwing.audit.models import AuditChain, AuditEntry
from lapwing.core.invariants import all_invariants
from lapwing.receivables.models import Allocation, OpenItem, Payment
from lapwing.runs.models import Run, RunBatch, RunExclusion, RunItem
from lapwing.subscriptions.models import Subscription, SubscriptionAction
from tests.world import define, faults, in_debt, make_account, owe, run_now

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def base(sandbox):
    """A run of four with two done, one skipped and one error; a payment with an allocation; a sealed audit."""
    from lapwing.core.context import acting_as
    from lapwing.receivables.actions.post_payment import post_payment
    from lapwing.receivables.models import Account
    from lapwing.subscriptions.actions.protect import protect

    in_debt(4)
    protect("S3", reason="court")
    Account.objects.filter(number="A4").update(life_cycle_state="suspended")
    with acting_as("root"):
        post_payment("A1", 1000, reference="P1")
    make_account("OTHER")
    owe("OTHER")
    run_now(define())
    seal()
    assert faults() == []


def broken() -> set[str]:
    return {each.name for each in all_invariants() if list(each.find())}


@pytest.mark.parametrize(
    ("tamper", "invariant"),
    [
        (lambda: OpenItem.objects.filter(account__number="A1").update(unsettled_minor=1), "unsettled_amounts_add_up"),
        (lambda: Payment.objects.update(unallocated_minor=5), "unallocated_amounts_add_up"),
        (
            lambda: Allocation.objects.update(open_item=OpenItem.objects.get(account__number="OTHER")),
            "allocations_stay_in_their_account",
        ),
        (
            lambda: Subscription.objects.filter(number="S1").update(life_cycle_state="effective"),
            "subscriptions_follow_from_their_actions",
        ),
        (
            lambda: Subscription.objects.filter(number="S3").update(life_cycle_state="not_effective"),
            "subscriptions_follow_from_their_actions",
        ),
        (lambda: Subscription.objects.filter(number="S3").update(grace_open=False), "subscriptions_follow_from_their_actions"),
        (lambda: Subscription.objects.filter(number="S3").update(grace_end_on="2016-01-01"), "subscriptions_follow_from_their_actions"),
        (lambda: Subscription.objects.filter(number="S3").update(quantity=9), "subscriptions_follow_from_their_actions"),
        (lambda: Subscription.objects.filter(number="S3").update(revision=2), "subscriptions_follow_from_their_actions"),
        (lambda: done_action().delete(), "actions_agree_with_batches"),
        (lambda: done_action().delete(), "batches_prove_their_rows"),
        (lambda: update_action(reason="because"), "batches_prove_their_rows"),
        (lambda: update_action(from_state="resting"), "actions_form_one_line"),
        (lambda: update_action(revision=7), "actions_belong_to_subscriptions"),
        (lambda: update_action(requested_by=""), "deactivations_have_an_author"),
        (lambda: update_action(run_id=99), "actions_agree_with_batches"),
        (lambda: RunItem.objects.filter(amount_minor__gt=0)[:1].get().delete(), "lists_are_whole"),
        (lambda: Run.objects.update(selected=5), "lists_are_whole"),
        (lambda: RunExclusion.objects.filter(outcome="error").delete(), "exclusions_agree_with_batches"),
        (lambda: RunExclusion.objects.filter(outcome="error").update(outcome="skipped"), "exclusions_agree_with_batches"),
        (lambda: RunExclusion.objects.create(run_id=1, subject_id=9999, outcome="skipped", code="x"), "exclusions_agree_with_batches"),
        (lambda: RunBatch.objects.update(finished=False), "completed_runs_are_done"),
        (lambda: AuditChain.objects.update(position=99), "audit_chain_is_whole"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_found(tamper, invariant):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    tamper()
    assert invariant in broken()


def done_action() -> SubscriptionAction:
    return SubscriptionAction.objects.filter(run_id__isnull=False).order_by("pk")[0]


def update_action(**values) -> None:
    SubscriptionAction.objects.filter(pk=done_action().pk).update(**values)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET reason = 'nothing happened'",
        "UPDATE audit_auditentry SET actor = 'somebody'",
        "UPDATE audit_auditentry SET seal_position = seal_position + 100",
        "DELETE FROM audit_auditentry",
    ],
)
def test_the_database_refuses_to_change_the_audit(statement):
    with pytest.raises(DatabaseError, match="never"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.exists()


def drop_triggers() -> None:
    with connection.cursor() as cursor:
        on_table = " ON audit_auditentry" if connection.vendor == "postgresql" else ""
        for name in ("audit_entry_kept", "audit_entry_unchanged"):
            cursor.execute(f"DROP TRIGGER {name}{on_table}")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda: AuditEntry.objects.filter(action="run.batch").update(after={"done": 0}),
        lambda: AuditEntry.objects.filter(seal_position=2).update(actor="somebody"),
        lambda: AuditEntry.objects.filter(seal_position=2).delete(),
        lambda: AuditEntry.objects.order_by("-seal_position")[0].delete(),
    ],
)
def test_who_gets_round_the_database_is_found_by_the_chain(tamper):
    drop_triggers()
    tamper()
    assert "audit_chain_is_whole" in broken()


def test_new_entries_wait_for_the_sealer_and_are_no_fault():
    from lapwing.audit.checks import unsealed

    assert unsealed() == 0
    make_account("NEW")
    owe("NEW")
    assert unsealed() > 0
    assert faults() == []
    assert seal() > 0
    assert unsealed() == 0
    assert faults() == []


def test_each_batch_entry_names_its_rows_and_who_asked():
    entry = AuditEntry.objects.get(action="run.batch")
    assert entry.actor == "olga"
    assert (entry.after["done"], entry.after["skipped"], entry.after["errors"]) == (2, 1, 1)
    assert len(entry.after["sha256"]) == 64
