"""A provider is checked and compared by jobs: what it answers is kept, subscription by subscription."""

import pytest

from lapwing.catalog.actions.check_provider import check_provider, last_check
from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.customers.models import Customer
from lapwing.job_types import compare_provider as comparing
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.claim import Claimer, Wanted, new_token
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.models import Job
from lapwing.jobs.outcomes import Failed
from lapwing.jobs.rescue import rescue
from lapwing.jobs.types import ALONE, MAX_TRIES
from lapwing.subscriptions import provider_queue
from lapwing.subscriptions.actions.compare_provider import compare_provider
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.retry_provider import SUBSCRIPTIONS_AT_ONCE, retry_provider
from lapwing.subscriptions.actions.retry_provisioning import retry_provisioning
from lapwing.subscriptions.comparison import differences_at
from lapwing.subscriptions.models import LicenseChangeLog, ProviderComparison
from lapwing.subscriptions.provider_queue import failed_subscriptions, open_changes, open_counts
from tests.job_types.conftest import due_now, served, statuses
from tests.jobs.conftest import claim, expire, work


def found() -> list[tuple[str, str, str]]:
    return [(each.subscription.number, each.ours, each.theirs) for each in differences_at("acme")]


def test_a_check_tells_that_the_provider_answers(provider):
    check_provider("acme")
    work()
    check = last_check("acme")
    assert check and (check.status, check.result) == ("succeeded", "provider acme answers")


def test_a_check_that_fails_says_why_and_is_not_repeated(provider):
    provider.stop()
    check_provider("acme")
    work()
    check = last_check("acme")
    assert check and (check.status, check.attempt) == ("failed", 1)
    assert check.result


def test_one_check_is_under_way_at_a_time(provider):
    assert check_provider("acme").pk == check_provider("acme").pk


def test_a_check_whose_workers_die_leaves_no_doubt_and_no_key(provider):
    job = check_provider("acme")
    for _ in range(MAX_TRIES):
        due_now()
        (held,) = claim(pool="outside") or claim(pool=ALONE)
        expire(held.id)
        rescue()
    job.refresh_from_db()
    assert (job.status, job.result_code, job.doubtful) == ("failed", "worker_lost", False)
    assert check_provider("acme").pk != job.pk


def test_who_may_not_provision_may_not_ask(provider):
    with acting_as("olga"), pytest.raises(Refused, match="not_permitted"):
        check_provider("acme")
    with acting_as("olga"), pytest.raises(Refused, match="not_permitted"):
        compare_provider("acme")


def test_a_provider_without_a_system_cannot_be_compared(provider):
    set_provider("byhand", "manual", responsible_email="ops@example.com")
    with pytest.raises(Refused, match="no_connector"):
        compare_provider("byhand")


def test_a_comparison_finds_each_difference_slice_by_slice(provider, later, monkeypatch):
    monkeypatch.setattr(comparing, "AT_ONCE", 2)
    for number in ("S1", "S2", "S3", "S4", "S5"):
        served(number)
        if number in ("S1", "S5"):
            perform(number, "change_quantity", to="4")
    work()
    compare_provider("acme")
    for _slice in range(3):
        work()
        later(seconds=5)
    assert found() == [("S2", "on, 1", "off"), ("S3", "on, 1", "off"), ("S4", "on, 1", "off")]
    comparison = ProviderComparison.objects.get()
    assert (comparison.asked, comparison.reached, bool(comparison.ended_at)) == (5, "S5", True)
    assert statuses("compare_provider") == [("succeeded", "")]


def test_a_difference_that_is_mended_is_gone_with_the_next_comparison(provider):
    served("S1")
    compare_provider("acme")
    work()
    perform("S1", "change_quantity", to="4")
    work()
    assert found() == [("S1", "on, 1", "off")]
    compare_provider("acme")
    work()
    assert found() == []
    assert ProviderComparison.objects.get().asked == 1


def test_a_provider_that_answers_nothing_is_not_called_different(provider):
    served("S1")
    provider.stop()
    compare_provider("acme")
    work()
    assert found() == []
    assert [status for status, _ in statuses("compare_provider")] == ["retry"]


def test_what_failed_at_a_provider_is_told_again_in_order(provider):
    for number in ("S1", "S2"):
        served(number)
    provider.misbehave("refuse", times=2)
    for number in ("S1", "S2"):
        perform(number, "change_quantity", to="5")
    work()
    acme = LicenseChangeLog.objects.latest("pk").subscription.provider_id
    assert open_counts().of(acme) == {"awaiting": "0", "failed": "2"}
    failed = open_changes(acme, status="failed")
    assert [each.subscription.number for each in failed] == ["S1", "S2"]
    first = failed[0]
    assert open_changes(acme, after=(first.subscription_id, first.pk)) == failed[1:]
    assert len(retry_provider("acme")) == 2
    work()
    assert open_counts().of(acme) == {"awaiting": "0", "failed": "0"}
    assert provider.ask("/services/S2")["quantity"] == 5


def test_retry_reaches_those_behind_more_blocked_ones_than_it_takes_at_once(provider):
    """Their customers are on credit hold: their jobs only wait again, and must not be all that is ever retried."""
    blocked, behind = SUBSCRIPTIONS_AT_ONCE + 5, 3
    numbers = [f"S{number}" for number in range(blocked + behind)]
    for number in numbers:
        perform(served(number).number, "change_quantity", to="5")
    fail_all("provider_rejected")
    Customer.objects.filter(accounts__number__in=[f"A{number}" for number in numbers[:blocked]]).update(
        credit_hold=True
    )
    for left in (blocked + behind - SUBSCRIPTIONS_AT_ONCE, 0):  # nobody works in between
        retry_provider("acme")
        acme = Provider.objects.get()
        assert len(failed_subscriptions(acme.pk)) == left
    work()
    assert set(provider.active()) == set(numbers[blocked:])
    assert open_counts().of(acme.pk) == {"awaiting": str(blocked), "failed": "0"}
    assert retry_provider("acme") == []


def test_what_was_cancelled_is_not_retried_with_its_provider(provider):
    for number in ("S1", "S2"):
        perform(served(number).number, "change_quantity", to="5")
    fail_all("provider_rejected")
    cancel([Job.objects.get(subject="S1").pk])
    assert [job.subject for job in retry_provider("acme")] == ["S2"]
    assert [job.subject for job in retry_provisioning("S1")] == ["S1"]


def fail_all(code: str) -> None:
    """As the provider refuses every change."""
    for held in Claimer(new_token()).claim(Wanted("outside"), 500):
        assert conclude([ending(held, Failed(code))])


def test_more_than_are_counted_are_told_as_more(provider, monkeypatch):
    monkeypatch.setattr(provider_queue, "COUNTED_AT_MOST", 2)
    for number in ("S1", "S2", "S3"):
        served(number)
        perform(number, "change_quantity", to="5")
    acme = LicenseChangeLog.objects.latest("pk").subscription.provider_id
    assert open_counts().of(acme) == {"awaiting": "3+", "failed": "0"}
