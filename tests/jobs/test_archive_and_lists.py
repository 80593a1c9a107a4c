"""The archive, the lists over both tables, and what the person on call asks first."""

from datetime import timedelta

import pytest

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.jobs import outcomes
from lapwing.jobs.actions.set_limit import pause
from lapwing.jobs.archive import sweep
from lapwing.jobs.chores import Chores
from lapwing.jobs.health import health, silent_jobs
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.outlook import Outlook
from lapwing.jobs.queries import attempts_of, find_job, newest_jobs
from tests.jobs.conftest import ask, broken_invariants, claim, dispatch, end, expire, shown, work


@pytest.fixture
def mixed(desk) -> dict[str, Job]:
    """One job for each way it can stand; those that ended well are archived."""
    jobs = {name: ask("book", name) for name in ("failed", "succeeded", "person", "nothing")}
    ends = {
        "succeeded": outcomes.Succeeded(),
        "failed": outcomes.Failed("refused"),
        "person": outcomes.Failed("needs_person"),
        "nothing": outcomes.NotApplicable("nothing"),
    }
    by_id = {job.pk: name for name, job in jobs.items()}
    for held in claim():
        end(held, ends[by_id[held.id]])
    jobs["waiting"] = ask("no_op", "waiting")
    assert sweep(keep_s=-1) == 2
    return jobs


def test_only_old_ends_are_archived_and_what_failed_stays_longer(desk):
    ask()
    end(claim()[0])
    ask()
    end(claim()[0], outcomes.Failed("x"))
    ask()
    assert sweep() == 0
    assert sweep(keep_s=-1) == 1
    assert sweep(keep_s=-1, keep_broken_s=-1) == 1
    assert (Job.objects.count(), ArchivedJob.objects.count()) == (1, 2)
    assert broken_invariants() == []


def test_what_needs_a_person_stays_however_old(mixed):
    sweep(keep_s=-1, keep_broken_s=-1)
    assert shown(mixed["person"]) == ("failed", "needs_person")
    assert Job.objects.filter(pk=mixed["person"].pk).exists()
    assert not Job.objects.filter(pk=mixed["failed"].pk).exists()


def test_archived_job_is_the_same_row_with_its_attempts(desk):
    job = ask("book", "S9", parameters={"do": "not_applicable"}, lane="north")
    work()
    before = Job.objects.values().get(pk=job.pk)
    sweep(keep_s=-1)
    assert ArchivedJob.objects.values().get(pk=job.pk) == before
    assert [attempt.number for attempt in attempts_of(job.pk)] == [1]
    assert find_job(job.pk).result_code == "nothing_to_book"


def test_list_reads_both_tables_newest_first(mixed):
    assert [job.pk for job in newest_jobs()] == sorted((job.pk for job in mixed.values()), reverse=True)


FILTERS = [
    ({"status": "succeeded"}, ["succeeded"]),
    ({"status": "failed"}, ["person", "failed"]),
    ({"status": "waiting"}, ["waiting"]),
    ({"status": "retry"}, []),
    ({"job_type": "no_op"}, ["waiting"]),
    ({"job_type": "book"}, ["nothing", "person", "succeeded", "failed"]),
    ({"job_type": "book", "status": "failed"}, ["person", "failed"]),
    ({"subject": "person"}, ["person"]),
    ({"subject": "person", "status": "succeeded"}, []),
    ({"subject": "succeeded", "job_type": "book", "status": "succeeded"}, ["succeeded"]),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS)
def test_list_keeps_to_its_filters_and_to_its_pages(mixed, given, expected):
    assert [job.subject for job in newest_jobs(**given)] == expected
    paged, below = [], None
    while page := newest_jobs(**given, below=below, limit=2):
        assert len(page) <= 2
        paged += [job.subject for job in page]
        below = page[-1].pk
    assert paged == expected


def test_list_shows_jobs_of_a_type_that_is_not_known_any_more(mixed):
    Job.objects.filter(pk=mixed["failed"].pk).update(type="gone")
    ArchivedJob.objects.filter(pk=mixed["succeeded"].pk).update(type="away")
    assert [job.subject for job in newest_jobs(status="failed")] == ["person", "failed"]
    assert [job.subject for job in newest_jobs(status="succeeded")] == ["succeeded"]


def test_job_that_is_archived_while_a_list_is_read_is_in_it(mixed, monkeypatch):
    in_bulk = ArchivedJob.objects.in_bulk

    def then_archived(ids):
        found = in_bulk(ids)
        assert sweep(keep_s=-1, keep_broken_s=-1) == 1
        return found

    monkeypatch.setattr(ArchivedJob.objects, "in_bulk", then_archived)
    assert len(newest_jobs()) == len(mixed)


def test_unknown_job_is_refused(desk):
    with pytest.raises(Refused) as refused:
        find_job(4711)
    assert refused.value.code == "unknown_job"


def test_health_tells_how_long_the_oldest_due_job_has_waited(desk):
    assert health() == {"workers": 0, "open": {}, "oldest_due_s": None, "silent": 0, "paused": []}
    ask()
    ask("no_op")
    ask(scheduled_for=clock.now() + timedelta(days=1))
    clock.stand_at(clock.now() + timedelta(minutes=50))
    found = health()
    assert (found["open"], found["oldest_due_s"], found["silent"]) == ({"waiting": 3}, 3000, 0)
    clock.stand_at(clock.now() + timedelta(minutes=11))
    assert health()["silent"] == 2
    pause("type", "book")
    assert (health()["silent"], health()["paused"]) == (1, ["type book"])
    assert "is due for more than an hour" in broken_invariants()[0]


def test_job_whose_lease_ended_long_ago_is_silent(desk):
    job = ask()
    dispatch()
    expire(job.pk)
    assert silent_jobs() == []
    Job.objects.update(lease_until="2015-01-01 00:00:00Z")
    assert [why for _, _, why in silent_jobs()] == ["lost its worker and nobody took it back"]


def test_chore_that_goes_wrong_keeps_nobody_from_working(desk, monkeypatch, caplog):
    from lapwing.jobs import chores

    def rescue() -> int:
        raise RuntimeError("one bad row")

    monkeypatch.setattr(chores, "rescue", rescue)
    ask("no_op")
    Chores().do(Outlook({}, limited=False, expired=True))
    work()
    assert Job.objects.get().status == "succeeded"
    assert "rescue: RuntimeError: one bad row" in caplog.text
