"""What buttons do: the same actions as the command line's, first asked in words with numbers and amounts."""

import pytest
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.models import User
from lapwing.identity.queries import today
from lapwing.jobs.models import Job, JobLimit
from lapwing.runs.definitions import find
from lapwing.runs.execution import conduct
from lapwing.runs.models import Run
from tests.backoffice.conftest import BACKEND, signed_in, submitted
from tests.jobs.conftest import ask
from tests.world import define, in_debt, run_now, state_of


def test_a_run_is_started_asked_about_and_undone(base):
    client = signed_in("olga")
    question = client.get(f"/runs/{base['run']}/steps/undo/").content.decode()
    assert "<b>3</b> actions" in question and "€150.00" in question
    answer = client.post(f"/runs/{base['run']}/steps/undo/", {"reason": "a mistake"})
    undo = Run.objects.latest("pk")
    assert answer["Location"] == f"/runs/{undo.pk}/" and undo.undo_of_id == base["run"]
    assert (undo.submitted_by, undo.reason) == ("olga", "a mistake")
    conduct(undo.pk)
    assert state_of("S1") == "effective"
    assert b"/steps/undo/" not in client.get(f"/runs/{base['run']}/").content


def test_asking_changes_nothing(base):
    client = signed_in("olga")
    before = AuditEntry.objects.count()
    for step in ("undo", "cancel", "pause", "resume", "delete"):
        client.get(f"/runs/{base['held']}/steps/{step}/")
    assert AuditEntry.objects.count() == before


def test_above_a_threshold_the_number_is_typed_in(sandbox, monkeypatch):
    monkeypatch.setattr("lapwing.backoffice.views.run_steps.TYPED_FROM", 2)
    in_debt(3)
    define()
    run = run_now()
    client = signed_in("olga")
    answer = client.post(f"/runs/{run.pk}/steps/undo/", {"typed": "2"}, follow=True)
    assert "type the number 3" in answer.content.decode() and Run.objects.count() == 1
    client.post(f"/runs/{run.pk}/steps/undo/", {"typed": "3"})
    assert Run.objects.count() == 2


def test_approval_is_somebody_elses(base):
    grant_role("olga", "approver")
    path = f"/runs/{base['held']}/steps/approve/"
    refused = signed_in("olga").post(path, follow=True)  # she submitted it
    assert "own_approval" in refused.content.decode()
    submitted(signed_in("anna"), path)
    held = Run.objects.get(pk=base["held"])
    assert (held.state, held.approved_by) == ("in_progress", "anna")


def test_a_refusal_is_told_where_it_was_asked(base):
    answer = signed_in("olga").post(f"/runs/{base['held']}/steps/resume/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/runs/{base['held']}/steps/resume/"
    assert "approval_needed" in answer.content.decode()


def test_many_jobs_are_run_again_after_saying_how_many(sandbox):
    jobs = [ask("book", subject=f"S{number}").pk for number in range(3)]
    Job.objects.filter(pk__in=jobs[:2]).update(status="failed")
    client = signed_in("olga")
    asked = client.post("/jobs/steps/", {"step": "run_now", "all": "1", "status": "failed"})
    assert asked.context["title"] == "Run now: 2 jobs"
    assert Job.objects.filter(status="failed").count() == 2
    form = {"step": "run_now", "job": jobs[:2], "confirmed": "1", "back": "/jobs/?status=failed"}
    assert client.post("/jobs/steps/", form)["Location"] == "/jobs/?status=failed"
    assert not Job.objects.filter(status="failed").exists()


def test_one_job_is_cancelled_at_once(sandbox):
    job = ask("book")
    signed_in("olga").post("/jobs/steps/", {"step": "cancel", "job": job.pk, "back": f"/jobs/{job.pk}/"})
    assert Job.objects.get(pk=job.pk).result == "cancelled by olga while it was waiting"


def test_nobody_is_sent_to_another_host(base):
    form = {"step": "run_now", "job": base["job"], "back": "//evil.example/"}
    assert signed_in("olga").post("/jobs/steps/", form)["Location"] == "/jobs/"


def test_a_definition_is_started_submitted_and_set_not_effective(base):
    client = signed_in("olga")
    answer = submitted(client, "/definitions/NGC/steps/start/", {"reason": "by hand"})
    assert answer["Location"].startswith("/runs/")
    assert Run.objects.latest("pk").reason == "by hand"
    client.post("/definitions/NGC/steps/not-effective/")
    assert b"/steps/effective/" in client.get("/definitions/NGC/").content
    refused = submitted(client, "/definitions/NGC/steps/submit/", follow=True)
    assert "definition_not_effective" in refused.content.decode()


@pytest.mark.parametrize("step", ["start", "submit"])
def test_a_definition_that_was_changed_since_its_page_is_not_started(step: str, base):
    client, path = signed_in("olga"), f"/definitions/NGC/steps/{step}/"
    form = {"seen": client.get(path).context["seen"], "day": today().isoformat()}
    version = find("NGC").versions.latest("pk")
    version.content = {**version.content, "description": "wider"}
    version.save()
    assert "edited_meanwhile" in client.post(path, form, follow=True).content.decode()
    assert Run.objects.count() == 2


def test_a_run_is_started_for_the_day_and_the_quiet_time_that_the_page_named(base):
    client, path = signed_in("olga"), "/definitions/NGC/steps/start/"
    seen = client.get(path).context["seen"]
    told = client.post(path, {"seen": seen, "day": "2015-03-09"}, follow=True).content.decode()
    assert "another_day" in told and Run.objects.count() == 2
    client.post(path, {"seen": seen, "day": today().isoformat()})
    assert Run.objects.latest("pk").quiet_waived_until is None


def test_one_that_is_left_of_many_is_asked_about(sandbox):
    jobs = [ask("book", subject=f"S{number}").pk for number in range(2)]
    Job.objects.filter(pk=jobs[0]).update(status="succeeded")
    client = signed_in("olga")
    for form in ({"job": jobs}, {"all": "1", "status": "waiting"}):
        assert client.post("/jobs/steps/", {"step": "cancel", **form}).context["title"] == "Cancel: 1 job"
    told = client.post("/jobs/steps/", {"step": "run_now", "all": "1", "type": "gone"}, follow=True)
    assert "unknown_job_type" in told.content.decode()
    assert Job.objects.get(pk=jobs[1]).status == "waiting"


def test_a_type_of_jobs_is_paused_and_goes_on(sandbox):
    client = signed_in("olga")
    client.post("/jobs/types/type/pause/", {"name": "book"})
    assert JobLimit.objects.get(name="book").paused
    assert b"Resume" in client.get("/jobs/types/").content
    client.post("/jobs/types/type/resume/", {"name": "book"})
    assert not JobLimit.objects.get(name="book").paused
    assert (
        b"unknown_job_type" in client.post("/jobs/types/type/pause/", {"name": "none"}, follow=True).content
    )


def test_the_scheduler_stands_by_and_runs(sandbox):
    client = signed_in("olga")
    assert b"scheduler in stand-by" in client.post("/scheduler/stand-by/", follow=True).content
    assert client.get("/healthz").json()["scheduler"] == "stand_by"
    assert b"scheduler runs" in client.post("/scheduler/run/", follow=True).content


def test_an_action_is_performed_now_or_planned_for_a_day(base):
    client = signed_in("olga")
    page = client.get("/subscriptions/S1/").content.decode()  # not effective
    assert "activate_subscription" in page and "rest_subscription" not in page
    client.post("/subscription-steps/activate_subscription/", {"number": "S1", "reason": "has paid"})
    assert state_of("S1") == "effective"
    form = {"number": "S1", "until": "2015-04-30", "on": "2015-04-01"}
    told = client.post("/subscription-steps/rest_subscription/", form, follow=True).content.decode()
    assert "planned for 1 Apr 2015" in told and state_of("S1") == "effective"
    refused = client.post("/subscription-steps/end_subscription_resting/", {"number": "S1"}, follow=True)
    assert "illegal_transition" in refused.content.decode()


def test_a_form_without_its_token_changes_nothing(base):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="olga"), backend=BACKEND)
    for path in (
        f"/runs/{base['run']}/steps/undo/",
        "/definitions/NGC/steps/submit/",
        "/jobs/steps/",
        "/scheduler/run/",
    ):
        assert client.post(path, {"step": "run_now", "job": base["job"]}).status_code == 403
    assert Run.objects.count() == 2


def test_the_page_before_a_start_does_not_wait_for_the_count(base):
    page = signed_in("olga").get("/definitions/NGC/steps/start/").content.decode()
    assert 'hx-get="/definitions/NGC/preview/?date=2015-03-10" hx-trigger="load"' in page
    counted = signed_in("olga").get("/definitions/NGC/preview/?date=2015-03-10").content.decode()
    assert "would be done" in counted
