"""What lets a run act is what its page showed: a page from before is refused, and nobody is cut off by it."""

import re
from html import unescape

from django.test import Client

from lapwing.core.context import acting_as
from lapwing.identity.actions.reset_password import reset_password
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.steer_run import pause_run
from lapwing.runs.execution import conduct
from lapwing.runs.freeze import freeze
from lapwing.runs.models import Run
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import ScheduledLicenseChangeLog, SubscriptionAction
from tests.backoffice.conftest import HIDDEN, signed_in, submitted
from tests.world import NO_BRAKE, define, in_debt, state_of


def unseen(client: Client, path: str) -> dict[str, str]:
    """What the page would post, as it is now."""
    return {name: unescape(value) for name, value in HIDDEN.findall(client.get(path).content.decode())}


def paused_before_its_canary() -> Run:
    in_debt(6)
    define(safety={**NO_BRAKE, "canary": 2})
    run = start_run("NGC")
    freeze(run.pk)
    return pause_run(run.pk)


def test_a_resume_of_before_the_canary_does_not_pass_the_canary(sandbox):
    run = paused_before_its_canary()
    path = f"/runs/{run.pk}/steps/resume/"
    late = signed_in("root")
    shown = unseen(late, path)
    submitted(signed_in("olga"), path)
    assert conduct(run.pk).code == "canary"  # somebody is to look at the two before the others follow
    answer = late.post(path, shown, follow=True)
    assert "run_moved_on" in answer.content.decode()
    run = conduct(run.pk)
    assert (run.state, run.code, run.canary_passed) == ("paused", "canary", False)
    assert state_of("S6") == "effective"
    submitted(late, path)  # having looked
    assert conduct(run.pk).state == "completed" and state_of("S6") == "not_effective"


def test_a_resume_pressed_twice_is_one_resume(sandbox):
    run = paused_before_its_canary()
    path = f"/runs/{run.pk}/steps/resume/"
    client = signed_in("olga")
    shown = unseen(client, path)
    for _ in range(2):
        assert client.post(path, shown)["Location"] == f"/runs/{run.pk}/"
    assert conduct(run.pk).code == "canary"


def test_an_approval_is_for_the_hold_that_its_page_showed(base):
    path = f"/runs/{base['held']}/steps/approve/"
    client = signed_in("anna")
    shown = unseen(client, path)
    Run.objects.filter(pk=base["held"]).update(
        state="paused", code="safety_brake"
    )  # held anew, for another cause
    answer = client.post(path, shown, follow=True)
    assert "run_moved_on" in answer.content.decode()
    assert Run.objects.get(pk=base["held"]).approved_by in (None, "")
    submitted(client, path)
    assert Run.objects.get(pk=base["held"]).approved_by == "anna"


def test_a_wrong_number_does_not_make_a_stale_page_a_new_one(sandbox, monkeypatch):
    monkeypatch.setattr("lapwing.backoffice.views.run_steps.TYPED_FROM", 2)
    run = paused_before_its_canary()
    path = f"/runs/{run.pk}/steps/resume/"
    late = signed_in("root")
    shown = unseen(late, path)
    submitted(signed_in("olga"), path, {"typed": "6"})
    conduct(run.pk)
    again = late.post(path, {**shown, "typed": "6"}).content.decode()
    kept = {name: unescape(value) for name, value in HIDDEN.findall(again)}
    assert kept["seen"] == shown["seen"]
    assert "run_moved_on" in late.post(path, {**kept, "typed": "4"}, follow=True).content.decode()


def test_a_plan_that_is_asked_twice_is_one_plan(base):
    client = signed_in("root")
    path = "/subscription-steps/deactivate_subscription/"
    planned = SubscriptionAction.objects.filter(
        subscription__number="PS1", behaviour="deactivate_subscription"
    )
    for _ in range(2):
        client.post(path, {"number": "PS1", "on": "2015-04-10", "reason": "leaves"})
    client.post(f"/steps/planned-action/cancel/?of={planned.get().pk}", {"reason": "he stays"})
    assert not planned.filter(state="scheduled").exists()
    client.post(path, {"number": "PS1", "on": "2015-04-10", "reason": "leaves after all"})
    assert planned.filter(state="scheduled").count() == 1


def test_a_license_change_that_is_asked_twice_is_planned_once(base):
    client = signed_in("root")
    path = "/steps/subscription/schedule_change/?of=PS1"
    for value in ("7", "7", "8", "7"):  # the last one changes it back
        client.post(path, {"change": "quantity", "value": value, "on": "2015-05-01"})
    planned = ScheduledLicenseChangeLog.objects.filter(subscription__number="PS1", effective_on="2015-05-01")
    assert list(planned.order_by("pk").values_list("value", flat=True)) == ["7", "8", "7"]


def test_a_password_form_without_its_fields_is_answered_in_words(sandbox):
    with acting_as("root"):
        link = reset_password("olga")
    answer = Client().post(f"/account/password/{link.user}/{link.token}/", {})
    assert answer.status_code == 200 and "too short" in answer.content.decode()


def test_a_deactivation_of_before_does_not_cut_off_who_has_paid_since(sandbox):
    in_debt(1)
    path = "/subscription-steps/deactivate_subscription/?number=S1"
    late = signed_in("olga")
    revision = re.findall(r'name="revision" value="(\d+)"', late.get(path).content.decode())[0]
    perform("S1", "deactivate_subscription")
    perform("S1", "activate_subscription", reason="has paid")
    answer = late.post(path, {"revision": revision})  # from the browser's history, or a second tab
    assert "changed_meanwhile" in answer.content.decode() and state_of("S1") == "effective"
    planned = late.post(path, {"revision": revision, "on": "2015-04-10"})
    assert "changed_meanwhile" in planned.content.decode()
    again = re.findall(r'name="revision" value="(\d+)"', late.get(path).content.decode())[0]
    assert late.post(path, {"revision": again}).status_code == 302
    assert state_of("S1") == "not_effective"
