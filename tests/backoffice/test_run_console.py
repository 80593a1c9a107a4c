"""The console of a run: its batches on a line of time, its items with their jobs, what is at stake in a step."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lapwing.backoffice.batch_line import LEFT, WIDTH, batch_line
from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core.context import acting_as
from lapwing.jobs.models import Job
from lapwing.runs.models import RunBatch
from lapwing.runs.queries import items_page
from lapwing.subscriptions.models import Subscription
from tests.backoffice.conftest import signed_in
from tests.world import define, in_debt, run_now

NOON = datetime(2015, 3, 10, 12, tzinfo=UTC)


def batch(start_s: float, took_s: float, **fields) -> RunBatch:
    return RunBatch(
        items=10,
        done=10,
        finished=True,
        started_at=NOON + timedelta(seconds=start_s),
        took_s=took_s,
        **fields,
    )


def test_batches_that_worked_at_once_stand_one_below_the_other():
    line = batch_line([batch(0, 10), batch(5, 10), batch(12, 3), batch(20, 20, errors=1)], ZoneInfo("UTC"))
    assert line is not None
    assert [bar.y for bar in line.bars] == [6, 20, 6, 6]
    assert [bar.series for bar in line.bars] == ["done", "done", "done", "errors"]
    assert line.bars[0].x == LEFT and line.bars[3].x + line.bars[3].width <= WIDTH
    assert "Batch 1: 10 items, 10 done" in line.bars[0].label and "2015-03-10 12:00:00" in line.bars[0].label


def test_where_business_time_stands_batches_follow_each_other():
    line = batch_line([batch(0, 2), batch(0, 2)], ZoneInfo("UTC"))
    assert line is not None
    assert [bar.y for bar in line.bars] == [6, 6] and line.bars[1].x == line.bars[0].x + line.bars[0].width


def test_before_the_first_batch_there_is_no_line():
    assert batch_line([RunBatch(items=10)], ZoneInfo("UTC")) is None


def test_items_are_found_by_the_beginning_of_their_number(sandbox):
    in_debt(12)
    define()
    run = run_now()
    client = signed_in("olga")
    rows = client.get(f"/runs/{run.pk}/items/?subject=S1&outcome=done").context["page"].rows
    assert [row["subject"] for row in rows] == ["S1", "S10", "S11", "S12"]
    assert client.get(f"/runs/{run.pk}/items/?subject=S1&code=on_hold").context["page"].rows == []


def test_each_item_leads_to_its_job(sandbox):
    in_debt(2)
    with acting_as("root"):
        set_provider("acme", "manual", responsible_email="desk@example.com")
    Subscription.objects.filter(number="S2").update(provider=Provider.objects.get(code="acme"))
    define()
    run = run_now()
    job = Job.objects.get(type="manual_provider_reminder")
    assert [item["job"] for item in items_page(run)] == [None, job.pk]
    assert f'href="/jobs/{job.pk}/"' in signed_in("olga").get(f"/runs/{run.pk}/items/").content.decode()


@pytest.mark.parametrize(
    ("step", "amount"), [("undo", "€100.00"), ("cancel", "€150.00"), ("resume", "€150.00")]
)
def test_what_is_at_stake_is_what_is_pending_or_what_is_taken_back(step, amount, sandbox):
    in_debt(5)
    define(safety={"canary": 2})
    run = run_now()
    assert run.state == "paused"
    page = signed_in("olga").get(f"/runs/{run.pk}/steps/{step}/").content.decode()
    assert f"<b>{amount}</b>" in page


def test_a_wrong_number_is_told_beside_it_and_the_reason_is_kept(sandbox, monkeypatch):
    monkeypatch.setattr("lapwing.backoffice.views.run_steps.TYPED_FROM", 2)
    in_debt(3)
    define()
    run = run_now()
    path = f"/runs/{run.pk}/steps/undo/"
    page = signed_in("olga").post(path, {"typed": "30", "reason": "a mistake"}).content.decode()
    assert "type the number 3 to confirm" in page and 'value="a mistake"' in page and 'value="30"' in page


def test_outcomes_are_drawn_beside_their_numbers(base):
    page = signed_in("olga").get(f"/runs/{base['run']}/").content.decode()
    assert "lw-batch-line" in page and 'class="lw-fill-done" width="100.0"' in page


def test_cancel_is_asked_with_what_is_pending(sandbox):
    in_debt(3)
    define(safety={"canary": 1})
    run = run_now()
    page = signed_in("olga").get(f"/runs/{run.pk}/steps/cancel/").content.decode()
    assert "The 1 that are done stay done; the 2 that are pending are left alone" in page
