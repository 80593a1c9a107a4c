"""The provider is told of each change once and in order; what keeps it from being told is said in words."""

import json
from urllib.request import Request, urlopen

import pytest

from lapwing.catalog.actions.set_provider import set_provider
from lapwing.connectors.errors import Rejected
from lapwing.connectors.orders import Outcome, Receipt
from lapwing.core.errors import Refused
from lapwing.customers.actions.map_provider_account import map_provider_account
from lapwing.customers.actions.request_agreement import request_agreement
from lapwing.customers.actions.set_credit_hold import hold_credit, release_credit
from lapwing.customers.models import ProviderAccount
from lapwing.job_types.sync_license_change_log import SyncLicenseChangeLog
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.models import Job, JobAttempt
from lapwing.subscriptions.actions.mark_provisioned import mark_provisioned
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.retry_provisioning import retry_provisioning
from lapwing.subscriptions.comparison import differences
from lapwing.subscriptions.models import LicenseChangeLog, Subscription
from tests.job_types.conftest import due_now, served, statuses
from tests.jobs.conftest import work
from tests.world import faults

SYNC = "sync_license_change_log"


def changes(number: str = "S1") -> list[tuple[str, str, str]]:
    found = LicenseChangeLog.objects.filter(subscription__number=number).order_by("pk")
    return list(found.values_list("event", "provisioning_status", "provisioning_code"))


def test_each_change_reaches_the_provider_in_its_order(provider):
    served()
    for quantity in ("5", "2", "3"):
        perform("S1", "change_quantity", to=quantity)
    assert list(Job.objects.order_by("pk").values_list("blockers", flat=True)) == [0, 1, 1]
    work()
    assert provider.ask("/services/S1")["quantity"] == 3
    assert provider.effects() == {"S1": 3}
    assert [status for status, _ in statuses(SYNC)] == ["succeeded"] * 3
    assert faults() == []


def test_what_a_later_change_made_pointless_is_not_told(provider):
    served()
    perform("S1", "change_quantity", to="5")
    perform("S1", "deactivate_subscription")
    perform("S1", "activate_subscription")
    perform("S1", "change_quantity", to="3")
    work()
    service = provider.ask("/services/S1")
    assert (service["active"], service["quantity"], provider.effects()) == (True, 3, {"S1": 2})
    assert [status for status, _ in statuses(SYNC)] == ["not_applicable"] * 2 + ["succeeded"] * 2
    assert faults() == []


def test_change_made_while_services_were_off_does_not_cut_off_who_is_on_again(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    perform("S1", "deactivate_subscription")
    perform("S1", "change_quantity", to="5")
    perform("S1", "activate_subscription")
    work()
    service = provider.ask("/services/S1")
    assert (service["active"], service["quantity"], provider.effects()) == (True, 5, {"S1": 2})
    assert [status for status, _ in statuses(SYNC)[1:]] == ["not_applicable"] * 2 + ["succeeded"]
    assert faults() == []


def test_deactivation_that_certainly_had_no_effect_is_not_told_after_the_reactivation(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    provider.misbehave("busy", times=1, seconds=3600)
    perform("S1", "deactivate_subscription")
    work()
    assert statuses(SYNC)[1] == ("retry", "provider_busy")
    perform("S1", "activate_subscription")
    due_now()
    work()
    assert (provider.active(), provider.effects()) == ({"S1": True}, {"S1": 1})
    assert changes()[2][1:] == ("not_applicable", "superseded")
    assert faults() == []


def test_deactivation_that_may_have_had_its_effect_is_settled_before_the_reactivation(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    provider.misbehave("hang_up_after", times=1)
    perform("S1", "deactivate_subscription")
    work()
    assert statuses(SYNC)[1] == ("retry", "outcome_unknown")
    perform("S1", "activate_subscription")
    due_now()
    work()
    assert [status for status, _ in statuses(SYNC)[1:]] == ["succeeded", "succeeded"]
    assert provider.active() == {"S1": True}
    assert faults() == []


def test_deactivation_goes_past_a_failed_change_and_those_that_wait_for_it(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    provider.misbehave("refuse", times=1)
    perform("S1", "change_quantity", to="5")
    work()
    perform("S1", "change_quantity", to="6")
    perform("S1", "deactivate_subscription")
    work()
    assert provider.ask("/services/S1")["active"] is False
    perform("S1", "activate_subscription")
    work()
    assert provider.active() == {"S1": True}
    assert faults() == []


def test_cancelled_job_of_a_superseded_change_holds_nobody_up(provider):
    served()
    perform("S1", "change_quantity", to="4")
    cancel([Job.objects.get().pk])
    perform("S1", "deactivate_subscription")
    perform("S1", "activate_subscription")
    work()
    assert provider.active() == {"S1": True}
    assert faults() == []


def test_cancelled_change_holds_the_later_ones_up_until_it_is_retried(provider):
    served()
    perform("S1", "change_quantity", to="4")
    cancel([Job.objects.get().pk])
    perform("S1", "change_quantity", to="5")
    work()
    assert statuses(SYNC)[1][0] == "waiting"
    retry_provisioning("S1")
    work()
    assert provider.ask("/services/S1")["quantity"] == 5


def test_change_that_a_person_marks_as_done_releases_the_later_ones(provider):
    served()
    provider.misbehave("refuse", times=1)
    perform("S1", "change_quantity", to="5")
    perform("S1", "change_quantity", to="6")
    work()
    mark_provisioned(LicenseChangeLog.objects.get(provisioning_status="failed").pk)
    work()
    assert [status for status, _ in statuses(SYNC)] == ["not_applicable", "succeeded"]
    assert provider.ask("/services/S1")["quantity"] == 6
    assert faults() == []


def test_quantity_is_the_sum_of_the_changes(provider):
    served()
    for quantity in ("5", "2", "9"):
        perform("S1", "change_quantity", to=quantity)
    deltas = LicenseChangeLog.objects.order_by("pk").values_list("event", "quantity_delta")
    assert list(deltas) == [("create", 1), ("update", 4), ("update", -3), ("update", 7)]
    assert faults() == []
    Subscription.objects.update(quantity=8)
    assert any("its changes sum to 9" in line for line in faults())


def test_failed_change_blocks_the_later_ones_until_it_is_retried(provider):
    served()
    provider.misbehave("refuse", times=1)
    perform("S1", "change_quantity", to="5")
    perform("S1", "change_quantity", to="6")
    work()
    assert statuses(SYNC)[0] == ("failed", "provider_rejected")
    assert statuses(SYNC)[1][0] == "waiting"
    assert changes()[1][:2] == ("update", "failed")
    assert len(retry_provisioning("S1")) == 1
    work()
    assert [status for status, _ in statuses(SYNC)] == ["succeeded", "succeeded"]
    assert provider.ask("/services/S1")["quantity"] == 6
    assert faults() == []


def test_deactivation_supersedes_the_failed_change_before_it(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    provider.misbehave("refuse", times=1)
    perform("S1", "change_quantity", to="5")
    work()
    perform("S1", "deactivate_subscription")
    work()
    assert provider.ask("/services/S1")["active"] is False
    assert changes()[2:] == [
        ("update", "not_applicable", "superseded"),
        ("deactivate", "provisioned", "changed"),
    ]
    assert faults() == []


def test_deactivation_does_not_wait_for_the_next_try_of_another_change(provider):
    served()
    perform("S1", "change_quantity", to="4")
    work()
    provider.misbehave("busy", times=1, seconds=3600)
    perform("S1", "change_quantity", to="5")
    work()
    assert statuses(SYNC)[1] == ("retry", "provider_busy")
    perform("S1", "deactivate_subscription")
    work()
    assert provider.ask("/services/S1")["active"] is False
    assert changes()[2][1:] == ("not_applicable", "superseded")
    due_now()
    work()
    assert [status for status, _ in statuses(SYNC)] == ["succeeded", "not_applicable", "succeeded"]
    assert faults() == []


@pytest.mark.parametrize("mode", ["hang_up_after", "error_after", "nonsense", "hang_up_before"])
def test_lost_answer_is_asked_about_and_nothing_is_done_twice(provider, mode):
    served()
    perform("S1", "change_quantity", to="2")
    work()
    provider.misbehave(mode, times=1)
    perform("S1", "deactivate_subscription")
    work()
    assert statuses(SYNC)[1] == ("retry", "outcome_unknown")
    due_now()
    work()
    assert statuses(SYNC)[1][0] == "succeeded"
    assert provider.effects()["S1"] == 2
    assert faults() == []


def test_answer_that_never_comes_ends_with_a_person_and_keeps_its_key(provider):
    served()
    provider.misbehave("hang_up_before")
    perform("S1", "change_quantity", to="2")
    for _ in range(6):
        due_now()
        work()
    job = Job.objects.get(type=SYNC)
    assert (job.status, job.result_code, job.tries) == ("failed", "needs_person", 6)
    assert list(JobAttempt.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert changes()[1][:2] == ("update", "failed")


def in_doubt(provider) -> Job:
    """A change whose order got no answer six times."""
    served()
    provider.misbehave("hang_up_before")
    perform("S1", "change_quantity", to="2")
    for _ in range(6):
        due_now()
        work()
    provider.tell("DELETE", "/control/rules")
    return Job.objects.get(type=SYNC, result_code="needs_person")


def test_change_that_a_person_found_at_the_provider_is_provisioned_and_the_next_is_told(provider):
    job = in_doubt(provider)
    perform("S1", "change_quantity", to="3")
    settle([job.pk], happened=True, reason="their portal shows 2")
    assert changes()[1] == ("update", "provisioned", "by_person")
    work()
    assert [status for status, _ in statuses(SYNC)] == ["succeeded", "succeeded"]
    assert provider.ask("/services/S1")["quantity"] == 3
    assert faults() == []


def test_change_that_did_not_reach_the_provider_is_told_again(provider):
    job = in_doubt(provider)
    settle([job.pk], happened=False, reason="their portal shows 1")
    assert changes()[1] == ("update", "failed", "did_not_happen")
    assert len(retry_provisioning("S1")) == 1
    work()
    assert changes()[1][:2] == ("update", "provisioned")
    assert provider.effects() == {"S1": 1}
    assert faults() == []


@pytest.mark.parametrize("happened", [True, False])
def test_answer_about_a_superseded_change_leaves_it_so(provider, happened):
    job = in_doubt(provider)
    perform("S1", "deactivate_subscription")
    settle([job.pk], happened=happened, reason="asked")
    assert changes()[1] == ("update", "not_applicable", "superseded")
    work()
    assert faults() == []


def test_credit_hold_blocks_switching_on_and_not_switching_off(provider, later):
    served()
    hold_credit("C-AS1", reason="unpaid")
    perform("S1", "change_quantity", to="2")
    work()
    assert statuses(SYNC) == [("waiting", "credit_hold")]
    perform("S1", "deactivate_subscription")
    later(hours=2)
    work()
    assert statuses(SYNC)[1][0] == "succeeded"
    release_credit("C-AS1")
    perform("S1", "activate_subscription")
    work()
    assert provider.active() == {"S1": True}


def test_customer_without_identity_is_proposed_and_blocks_until_he_is_mapped(provider, later):
    configuration = {"url": provider.url}
    set_provider("acme", "automatic", connector="sandbox", configuration=configuration, needs_account=True)
    served()
    perform("S1", "change_quantity", to="2")
    work()
    assert statuses(SYNC) == [("waiting", "account_not_mapped")]
    assert not ProviderAccount.objects.get().is_mapped
    map_provider_account("C-AS1", "acme", "anna@example.com")
    later(hours=2)
    work()
    assert provider.ask("/services/S1")["identity"] == "anna@example.com"


def test_nothing_is_provisioned_before_the_agreement_is_accepted(provider, later):
    served()
    request_agreement("C-AS1", "acme", "anna@example.com")
    provider.tell("PUT", "/control/agreements/anna@example.com", state="pending")
    perform("S1", "change_quantity", to="2")
    work()
    assert statuses(SYNC) == [("waiting", "agreement_not_accepted")]
    assert statuses("confirm_provider_agreement") == [("waiting", "not_accepted_yet")]
    provider.tell("PUT", "/control/agreements/anna@example.com", state="accepted")
    later(hours=7)
    work()
    later(hours=7)
    work()
    assert statuses("confirm_provider_agreement")[0][0] == "succeeded"
    assert provider.active() == {"S1": True}
    assert ProviderAccount.objects.get().identity == "anna@example.com"


def test_differences_name_what_the_provider_has_otherwise(provider):
    from lapwing.connectors.opening import open_connector

    served()
    served("S2")
    perform("S1", "change_quantity", to="2")
    perform("S2", "change_quantity", to="2")
    work()
    provider.tell("PUT", "/control/services/S2", active=False)
    perform("S1", "deactivate_subscription")
    with open_connector("sandbox", {"url": provider.url}, "") as connector:
        found = list(differences("acme", connector))
    assert [(each["subscription"], each["ours"], each["theirs"]) for each in found] == [
        ("S1", "off", "on, 2"),
        ("S2", "on, 2", "off"),
    ]
    assert found[0]["waiting"].endswith("awaiting") and found[1]["waiting"] == ""
    assert [each["under_way"] for each in found] == [True, False]


def test_compare_exits_1_where_the_change_that_is_to_mend_a_difference_failed_or_was_cancelled(provider):
    from lapwing.cli.providers import _compare
    from lapwing.jobs.actions.cancel import cancel
    from lapwing.jobs.actions.run_now import run_now

    served()
    perform("S1", "change_quantity", to="2")
    assert _compare("acme", "json") == 0  # it is under way
    cancel([Job.objects.get(type=SYNC).pk])
    assert _compare("acme", "json") == 1  # nobody tells the provider any more
    run_now([Job.objects.get(type=SYNC).pk])
    assert _compare("acme", "json") == 0
    provider.misbehave("refuse", times=1)
    work()
    assert statuses(SYNC)[0][0] == "failed"
    assert _compare("acme", "json") == 1


def test_secrets_of_a_provider_are_sealed_and_in_no_job(provider):
    from django.core.serializers import serialize

    from lapwing.audit.models import AuditEntry
    from lapwing.catalog.models import Provider

    configuration = {"url": provider.url, "token": "canary-7d1f"}
    set_provider("acme", "automatic", connector="sandbox", configuration=configuration)
    served()
    provider.misbehave("error_before", times=1)
    perform("S1", "change_quantity", to="2")
    work()
    for model in (Provider, Job, JobAttempt, LicenseChangeLog, AuditEntry):
        assert "canary-7d1f" not in serialize("json", model.objects.all())


def test_only_who_provisions_may_set_a_provider(provider):
    from lapwing.core.context import acting_as

    with acting_as("anna"), pytest.raises(Refused, match="not_permitted"):
        set_provider("other", "none")


@pytest.mark.parametrize(("event", "on"), [("activate", True), ("deactivate", False)])
def test_change_of_a_provider_that_became_manual_goes_to_who_is_responsible_now(provider, mail, event, on):
    served(state="not_effective" if on else "effective")
    perform("S1", f"{event}_subscription")
    set_provider("acme", "manual", responsible_email="ops@example.com")
    work()
    assert statuses(SYNC) == [("not_applicable", "handed_over")]
    assert changes()[1][:2] == (event, "awaiting")
    assert len(mail.journal.mailbox("ops@example.com")) == 1
    assert faults() == []


def test_change_of_a_provider_that_became_automatic_is_told_to_its_system(provider, mail):
    served(provider="byhand", state="not_effective")
    perform("S1", "activate_subscription")
    set_provider("byhand", "automatic", connector="sandbox", configuration={"url": provider.url})
    work()
    assert statuses("manual_provider_reminder") == [("not_applicable", "handed_over")]
    assert (statuses(SYNC), provider.active()) == ([("succeeded", "changed")], {"S1": True})
    assert faults() == []


def test_change_that_nobody_has_to_be_told_of_any_more_waits_for_nobody(mail):
    served(provider="byhand", state="not_effective")
    perform("S1", "activate_subscription")
    set_provider("byhand", "none")
    work()
    assert changes()[1] == ("activate", "not_applicable", "no_manual_provider")
    assert faults() == []


def test_order_that_the_provider_calls_old_by_a_number_that_is_none_of_ours_is_not_taken_as_told(provider):
    served(state="not_effective")
    for revision, active in ((48212, True), (48213, False)):
        order = {"active": active, "quantity": 1, "product": "", "identity": "", "event": "update"}
        told, key = json.dumps({**order, "revision": revision}).encode(), {"Idempotency-Key": str(revision)}
        urlopen(Request(f"{provider.url}/services/S1", told, key, method="PUT"), timeout=5).close()
    perform("S1", "activate_subscription")
    work()
    assert statuses(SYNC) == [("failed", "provider_unknown_order")]
    assert changes()[1] == ("activate", "failed", "provider_unknown_order")
    assert "48213" in Job.objects.get(type=SYNC).result


def test_change_done_by_hand_while_the_provider_refuses_it_holds_nobody_up(provider, monkeypatch):
    served()
    perform("S1", "change_quantity", to="5")
    perform("S1", "change_quantity", to="6")
    first, call = LicenseChangeLog.objects.filter(event="update").first(), SyncLicenseChangeLog.settle_failure

    def settle_failure(*args):
        mark_provisioned(first.pk)
        return call(*args)

    monkeypatch.setattr(SyncLicenseChangeLog, "settle_failure", settle_failure)
    provider.misbehave("refuse", times=1)
    work()
    assert statuses(SYNC) == [("not_applicable", "already_provisioned"), ("succeeded", "changed")]
    assert provider.ask("/services/S1")["quantity"] == 6
    assert faults() == []


@pytest.mark.parametrize(("said", "kept"), [("S\ud800", "S?"), ("S\0", "S\\0")])
def test_words_of_a_provider_that_no_database_takes_do_not_undo_what_it_did(
    provider, monkeypatch, said, kept
):
    served()
    perform("S1", "change_quantity", to="5")
    perform("S1", "change_quantity", to="6")
    answers = iter([Receipt(Outcome.CHANGED, None, said), Rejected("taken", f"it belongs to {said}")])

    def call(*_):
        answer = next(answers)
        if isinstance(answer, Rejected):
            raise answer
        return answer

    monkeypatch.setattr(SyncLicenseChangeLog, "call", call)
    work()
    assert statuses(SYNC) == [("succeeded", "changed"), ("failed", "provider_rejected")]
    first, second = LicenseChangeLog.objects.filter(event="update").order_by("pk")
    assert (first.provisioning_status, first.provider_reference) == ("provisioned", kept)
    assert (second.provisioning_status, kept in second.provisioning_message) == ("failed", True)
    assert faults() == []
