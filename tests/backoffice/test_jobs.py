"""Jobs: by cause, many at once, their picture, limits and health."""

from datetime import timedelta

import pytest

from lapwing.backoffice.attention import matters
from lapwing.jobs.actions.enqueue import enqueue
from lapwing.jobs.models import Job, JobAttempt, JobLimit
from lapwing.jobs.overview import failed_causes, family, pools, with_key_held, workers
from lapwing.jobs.states import Status
from tests.backoffice.conftest import signed_in
from tests.conftest import NOON
from tests.jobs.conftest import ask


def failed(subject: str, code: str, **options) -> Job:
    job = ask("book", subject=subject, **options)
    Job.objects.filter(pk=job.pk).update(status="failed", result_code=code, result=f"{code} of {subject}")
    return job


def test_failed_jobs_are_counted_by_cause_the_most_frequent_first(sandbox):
    failed("S1", "rejected")
    newest = [failed(f"S{position}", "provider_busy") for position in range(3)][-1]
    ask("book", subject="S9")
    found = [(cause.type, cause.code, cause.count, cause.newest, cause.example) for cause in failed_causes()]
    assert found[0] == ("book", "provider_busy", 3, newest.pk, "provider_busy of S2")
    assert [each[1:3] for each in found] == [("provider_busy", 3), ("rejected", 1)]


def test_causes_are_counted_no_further_than_the_cap(sandbox):
    for position in range(4):
        failed(f"S{position}", "busy")
    assert [cause.count for cause in failed_causes(cap=2)] == [3]


def test_all_failed_jobs_of_one_cause_run_again_after_a_page_that_says_how_many(sandbox):
    busy = [failed(f"S{position}", "provider_busy") for position in range(3)]
    other = failed("S9", "rejected")
    client = signed_in("root")
    cause = {"step": "run_now", "all": "1", "status": "failed", "type": "book", "code": "provider_busy"}
    page = client.post("/jobs/steps/", cause)
    assert b"<b>3</b> jobs?" in page.content
    assert Job.objects.filter(status="failed").count() == 4
    numbers = ",".join(str(job.pk) for job in page.context["jobs"])
    client.post("/jobs/steps/", {"step": "run_now", "jobs": numbers, "confirmed": "1"})
    assert set(Job.objects.filter(status="waiting").values_list("pk", flat=True)) == {job.pk for job in busy}
    assert Job.objects.get(pk=other.pk).status == "failed"


def in_doubt(subject: str) -> Job:
    job = failed(subject, "needs_person")
    Job.objects.filter(pk=job.pk).update(doubtful=True)
    return job


@pytest.mark.parametrize(("step", "status"), [("did_happen", "succeeded"), ("did_not_happen", "failed")])
def test_all_that_nobody_knows_of_are_settled_after_a_page_that_says_how_many(sandbox, step, status):
    jobs = [in_doubt(f"S{position}") for position in range(3)]
    client = signed_in("root")
    causes = client.get("/jobs/causes/").content.decode()
    assert f'value="{step}"' in causes and 'value="cancel"' not in causes
    cause = {"step": step, "all": "1", "status": "failed", "type": "book", "code": "needs_person"}
    page = client.post("/jobs/steps/", cause)
    assert b"<b>3</b> jobs?" in page.content and b'name="reason"' in page.content
    numbers = ",".join(str(job.pk) for job in page.context["jobs"])
    form = {"step": step, "jobs": numbers, "confirmed": "1", "back": "/jobs/causes/"}
    assert "reason_missing" in client.post("/jobs/steps/", form, follow=True).content.decode()
    assert Job.objects.filter(result_code="needs_person").count() == 3
    client.post("/jobs/steps/", {**form, "reason": "their list"})
    found = Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("status", "result_code")
    assert set(found) == {(status, step)}


def test_one_that_nobody_knows_of_offers_the_two_answers_and_asks_how_it_was_found_out(sandbox):
    job = in_doubt("S1")
    client = signed_in("root")
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    assert [name in page for name in ("run_now", "did_happen", "did_not_happen", 'value="cancel"')] == [
        True, True, True, False,
    ]  # fmt: skip
    assert "An attempt may have had its effect." in page
    assert (
        "An attempt may have had" not in client.get(f"/jobs/{failed('S2', 'rejected').pk}/").content.decode()
    )
    asked = client.post("/jobs/steps/", {"step": "did_happen", "job": job.pk})
    assert b'name="reason"' in asked.content
    assert Job.objects.get(pk=job.pk).status == "failed"
    listed = client.get("/jobs/?status=failed&code=needs_person").content.decode()
    assert 'value="did_not_happen"' in listed
    assert 'value="did_not_happen"' not in client.get("/jobs/?status=failed").content.decode()


def test_page_that_asks_names_few_jobs_and_counts_one_as_one(sandbox):
    jobs = [in_doubt(f"S-{position}") for position in range(21)]
    client = signed_in("root")
    one = client.post("/jobs/steps/", {"step": "did_happen", "job": jobs[0].pk}).content.decode()
    assert "<b>1</b> job?" in one and ": 1 job</button>" in one and "1 jobs" not in one
    assert f'href="/jobs/{jobs[0].pk}/"' in one and "needs_person of S-0" in one
    pages = [
        client.post("/jobs/steps/", {"step": "did_happen", "job": [job.pk for job in jobs[:number]]})
        for number in (20, 21)
    ]
    assert ["needs_person of S-1" in page.content.decode() for page in pages] == [True, False]
    assert b"<b>21</b> jobs?" in pages[1].content


def test_failed_jobs_of_a_cause_are_cancelled_and_home_asks_for_nobody_any_more(sandbox):
    for position in range(3):
        failed(f"S{position}", "rejected")
    doubtful = in_doubt("S9")
    client = signed_in("root")
    assert "Failed jobs" in [matter.label for matter in matters(0)]
    page = client.post("/jobs/steps/", {"step": "cancel", "all": "1", "status": "failed"})
    assert b"<b>3</b> jobs?" in page.content and b"stays undone" in page.content
    numbers = ",".join(str(job.pk) for job in page.context["jobs"])
    client.post("/jobs/steps/", {"step": "cancel", "jobs": numbers, "confirmed": "1"})
    client.post(
        "/jobs/steps/",
        {"step": "did_happen", "job": doubtful.pk, "confirmed": "1", "reason": "seen"},
    )
    assert matters(0) == []


def test_a_thousand_jobs_go_through_the_page_that_asks(sandbox, monkeypatch):
    from lapwing.backoffice.views import job_steps

    monkeypatch.setitem(job_steps.ACTIONS, "cancel", lambda numbers: list(numbers))
    first = ask("book", subject="S0")
    Job.objects.bulk_create(
        Job(
            **{
                field.attname: getattr(first, field.attname)
                for field in Job._meta.fields
                if field.attname != "id"
            }
        )
        for _ in range(1_100)
    )
    client = signed_in("root")
    page = client.post("/jobs/steps/", {"step": "cancel", "all": "1", "status": "waiting"})
    assert len(page.context["jobs"]) == job_steps.AT_ONCE
    assert b"there may be more" in page.content
    numbers = ",".join(str(job.pk) for job in page.context["jobs"])
    answer = client.post("/jobs/steps/", {"step": "cancel", "jobs": numbers, "confirmed": "1"}, follow=True)
    assert "1,000 jobs: cancelled." in answer.content.decode()


def test_what_another_open_job_does_already_is_left_out_and_told(sandbox):
    first, second = failed("S1", "busy", key="K"), failed("S2", "busy", key="K")
    alone = failed("S3", "busy")
    assert with_key_held(Job.objects.all()) == {second.pk}
    open_one = ask("book", subject="S4", key="K")
    assert with_key_held(Job.objects.all()) == {first.pk, second.pk}
    page = signed_in("root").post("/jobs/steps/", {"step": "run_now", "all": "1", "status": "failed"})
    assert [job.pk for job in page.context["jobs"]] == [alone.pk]
    assert b"2 more are left out" in page.content
    assert open_one.pk not in with_key_held(Job.objects.all())


def test_days_bound_what_a_step_takes(sandbox):
    failed("S1", "busy")
    client = signed_in("root")
    wanted = {"step": "run_now", "all": "1", "status": "failed", "to": "2015-03-09"}
    assert "none of the chosen jobs" in client.post("/jobs/steps/", wanted, follow=True).content.decode()


def test_a_code_is_found_in_both_tables_the_newest_first(sandbox):
    from lapwing.jobs.queries import newest_jobs

    numbers = [failed(f"S{position}", "busy").pk for position in range(3)]
    failed("S9", "other")
    assert [job.pk for job in newest_jobs(code="busy")] == numbers[::-1]
    assert [job.pk for job in newest_jobs(code="busy", job_type="book", status="failed")] == numbers[::-1]
    assert newest_jobs(code="busy", status="waiting") == []


def test_a_job_is_shown_with_whom_it_waits_for_and_who_waits_for_it(sandbox):
    first = ask("book", subject="first")
    second = enqueue("book", subject_kind="subscription", subject_id=1, subject="second", after=[first.pk])
    third = enqueue("book", subject_kind="subscription", subject_id=1, subject="third", after=[second.pk])
    found = family(second)
    assert {distance: [job.pk for job in jobs] for distance, jobs in found.by_distance.items()} == {
        -1: [first.pk], 0: [second.pk], 1: [third.pk],
    }  # fmt: skip
    assert {(link.predecessor_id, link.job_id) for link in found.links} == {
        (first.pk, second.pk), (second.pk, third.pk),
    }  # fmt: skip
    page = signed_in("root").get(f"/jobs/{second.pk}/?tab=links").content.decode()
    assert page.count('class="lw-arrow') == 2 and f'href="/jobs/{third.pk}/"' in page
    assert family(first).by_distance[2] == [third]


def test_a_large_family_is_cut_and_says_so(sandbox):
    first = ask("book", subject="first")
    for position in range(10):
        enqueue("book", subject_kind="subscription", subject_id=1, subject=f"F{position}", after=[first.pk])
    found = family(first)
    assert len(found.by_distance[1]) == 8 and found.more == {1}
    assert "There are more jobs" in signed_in("root").get(f"/jobs/{first.pk}/?tab=links").content.decode()


def test_attempts_stand_on_a_line_of_time(sandbox):
    from datetime import timedelta

    job = failed("S1", "busy")
    for number in (1, 2):
        begin = NOON + timedelta(minutes=number)
        JobAttempt.objects.create(
            job_id=job.pk, number=number, worker="w", started_at=begin, ended_at=begin + timedelta(seconds=30),
            outcome="retry", code="busy", error="it was busy",
        )  # fmt: skip
    answer = signed_in("root").get(f"/jobs/{job.pk}/?tab=attempts")
    first, second = answer.context["line"].bars
    assert first.x < second.x and first.y < second.y
    assert "30 s" in answer.content.decode()


LIMIT = "/jobs/limits/type/"


def test_a_limit_is_set_and_lifted_by_its_page(sandbox):
    client = signed_in("root")
    client.post(LIMIT, {"name": "book", "concurrency": "4", "rate": "10", "per_s": "60"})
    limit = JobLimit.objects.get(scope="type", name="book")
    assert (limit.concurrency, limit.rate, limit.per_s) == (4, 10, 60)
    client.post(LIMIT, {"name": "book", "concurrency": "", "rate": "", "per_s": ""})
    limit.refresh_from_db()
    assert (limit.concurrency, limit.rate) == (None, None)


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "²", "9" * 30])
def test_a_wrong_limit_is_said_beside_its_field_and_kept(value: str, sandbox):
    answer = signed_in("root").post(LIMIT, {"name": "book", "concurrency": value, "rate": "", "per_s": ""})
    assert (
        list(answer.context["errors"]) == ["concurrency"] and answer.context["given"]["concurrency"] == value
    )
    assert not JobLimit.objects.exists()


def test_a_limit_of_nothing_known_is_not_found(sandbox):
    for path in (f"{LIMIT}?name=none", f"{LIMIT}", "/jobs/limits/lane/?name=book"):
        assert signed_in("root").get(path).status_code == 404


def test_health_tells_of_pools_and_workers(sandbox):
    from lapwing.jobs.machine_time import machine_now
    from lapwing.jobs.models import Worker

    ask("book", subject="S1")
    now = machine_now()
    Worker.objects.create(token="t", name="host 1", engine="local", started_at=now, seen_at=now)
    assert [(each.name, each.lives, each.holds) for each in workers()] == [("host 1", True, 0)]
    assert {each["pool"]: each["due"] for each in pools()}["database"] == 1
    page = signed_in("root").get("/jobs/health/").content.decode()
    assert "host 1" in page and "there is no broker" in page


def test_the_silent_are_listed_with_the_reason(sandbox):
    from datetime import timedelta

    late = ask("book", subject="S1")
    ask("book", subject="S2", scheduled_for=NOON + timedelta(days=1))
    Job.objects.filter(pk=late.pk).update(scheduled_for=NOON - timedelta(hours=2))
    page = signed_in("root").get("/jobs/?silent=yes")
    assert [row["job"].pk for row in page.context["page"].rows] == [late.pk]
    assert "is due for more than an hour" in page.content.decode()


def test_the_file_of_silent_jobs_holds_no_other(base):
    answer = signed_in("root").get("/jobs/?silent=yes&format=csv")
    assert b"".join(answer.streaming_content).count(b"\n") == 1  # the heading alone


def test_chips_tell_no_number_that_a_filter_would_change(base):
    page = signed_in("olga").get("/jobs/").context["chips"]
    assert {chip["value"]: chip["count"] for chip in page}["failed"] == 1
    for filtered in ({"code": "nonsense"}, {"from": "2015-03-10"}, {"to": "2015-03-10"}):
        chips = signed_in("olga").get("/jobs/", filtered).context["chips"]
        assert {chip["count"] for chip in chips} == {None}
        assert {chip["value"] for chip in chips} == {"", *Status.values}


def test_silent_jobs_have_a_second_page(sandbox, monkeypatch):
    monkeypatch.setattr("lapwing.backoffice.views.jobs.PAGE", 2)
    monkeypatch.setattr("lapwing.backoffice.lists.page_of.__kwdefaults__", {"size": 2})
    jobs = [ask("book", subject=f"S{number}").pk for number in range(5)]
    Job.objects.update(scheduled_for=NOON - timedelta(days=1))
    client, shown, path = signed_in("olga"), [], "/jobs/?silent=yes"
    while path:
        page = client.get(path).context["page"]
        shown += [row["job"].pk for row in page.rows]
        path = f"/jobs/?{page.following}" if page.following else ""
    assert shown == sorted(jobs, reverse=True)
