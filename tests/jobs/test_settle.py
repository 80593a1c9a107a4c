"""A person who found out says what became of a job; what failed and is left is cancelled."""

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.jobs import outcomes
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.archive import sweep
from lapwing.jobs.models import Job
from lapwing.jobs.types import job_types
from tests.jobs.conftest import again, ask, attempts, broken_invariants, claim, end, make_due, shown, work


def in_doubt(**options) -> Job:
    """Six questions went out, and no answer came."""
    job = ask(**options)
    for _ in range(6):
        assert end(claim()[0], outcomes.Retry("outcome_unknown"))
        make_due(job.pk)
    assert shown(job) == ("failed", "needs_person")
    return job


def test_what_did_happen_has_succeeded_and_frees_its_key_and_those_that_wait(desk):
    job = in_doubt(key="k")
    follower = ask("no_op", after=[job.pk])
    settle([job.pk], happened=True, reason=" seen there ")
    assert shown(job) == ("succeeded", "did_happen")
    assert again(job).result == "did happen, says olga: seen there"
    assert attempts(job) == [(number, "retry") for number in range(1, 7)]
    assert ask(key="k").pk != job.pk
    work()
    assert shown(follower)[0] == "succeeded"
    assert broken_invariants() == []


def test_what_did_not_happen_has_failed_and_runs_again_or_is_cancelled(desk):
    job, other = in_doubt(key="k"), in_doubt()
    follower = ask("no_op", after=[job.pk])
    settle([job.pk, other.pk], happened=False, reason="not there")
    assert shown(job) == shown(other) == ("failed", "did_not_happen")
    work()
    assert shown(follower)[0] == "waiting"
    run_now([job.pk])
    cancel([other.pk])
    work()
    assert (shown(job)[0], shown(follower)[0], shown(other)[0]) == ("succeeded", "succeeded", "cancelled")
    assert again(other).result == "cancelled by olga after it had failed: did_not_happen"
    assert len(attempts(job)) == 7
    assert broken_invariants() == []


@pytest.mark.parametrize("happened", [True, False])
def test_answer_is_recorded_with_its_reason(desk, happened):
    job = in_doubt()
    settle([job.pk], happened=happened, reason="their list of today")
    entry = AuditEntry.objects.get(action="job.settle")
    assert (entry.actor, entry.subject_id, entry.reason) == ("olga", job.pk, "their list of today")
    assert entry.before == {"status": "failed", "code": "needs_person"}
    assert (entry.after["status"], entry.after["code"]) == shown(job)


def test_only_what_is_in_doubt_is_settled_and_that_alone_is_not_cancelled(desk):
    known = ask()
    end(claim()[0], outcomes.Failed("refused"))
    doubtful = in_doubt()
    for act, job, code in (
        (lambda ids: settle(ids, happened=True, reason="x"), known, "outcome_known"),
        (lambda ids: settle(ids, happened=False, reason="x"), ask(), "illegal_transition"),
        (lambda ids: settle(ids, happened=True, reason=" "), doubtful, "reason_missing"),
        (cancel, doubtful, "outcome_unknown"),
    ):
        before = shown(job)
        with pytest.raises(Refused) as refused:
            act([doubtful.pk, job.pk])
        assert refused.value.code == code
        assert shown(job) == before and shown(doubtful) == ("failed", "needs_person")
    settle([doubtful.pk], happened=True, reason="x")
    with pytest.raises(Refused, match="illegal_transition"):
        settle([doubtful.pk], happened=False, reason="on second thoughts")


def test_viewer_settles_nothing(desk):
    job = in_doubt()
    with acting_as("root"):
        grant_role("vera", "viewer")
    with acting_as("vera"), pytest.raises(Refused, match="not_permitted"):
        settle([job.pk], happened=True, reason="x")
    assert shown(job) == ("failed", "needs_person")


def test_type_is_told_and_what_it_refuses_changes_nothing(desk, monkeypatch):
    told = []

    def refusing(self, job, *, happened, reason):
        told.append((job.id, job.parameters["do"], happened, reason))
        raise Refused("not_so", "it cannot be")

    monkeypatch.setattr(type(job_types.get("book")), "on_settled", refusing)
    job = in_doubt()
    with pytest.raises(Refused, match="not_so"):
        settle([job.pk], happened=True, reason="seen")
    assert told == [(job.pk, "", True, "seen")]
    assert shown(job) == ("failed", "needs_person")
    assert not AuditEntry.objects.filter(action="job.settle").exists()


def test_what_a_type_gives_to_a_person_is_settled_as_well(desk):
    job = ask()
    end(claim()[0], outcomes.Failed("needs_person"))
    settle([job.pk], happened=True, reason="seen")
    assert shown(job) == ("succeeded", "did_happen")


def test_settled_job_stays_as_long_as_one_that_ended_just_now(desk):
    job = in_doubt()
    Job.objects.filter(pk=job.pk).update(finished_at="2000-01-01T00:00:00Z")
    settle([job.pk], happened=False, reason="not there")
    assert sweep() == 0
    run_now([job.pk])


def test_failed_job_is_cancelled_and_may_still_run_again(desk):
    job = ask(key="k")
    end(claim()[0], outcomes.Failed("refused"))
    cancel([job.pk])
    assert shown(job) == ("cancelled", "cancelled")
    assert again(job).result == "cancelled by olga after it had failed: refused"
    run_now([job.pk])
    work()
    assert shown(job)[0] == "succeeded"
    assert broken_invariants() == []


def test_doubtful_job_is_not_cancelled_while_it_is_handed_out(desk):
    from tests.jobs.conftest import dispatch

    job = ask()
    end(claim()[0], outcomes.Retry("outcome_unknown"))
    make_due(job.pk)
    dispatch()
    with pytest.raises(Refused, match="outcome_unknown"):
        cancel([job.pk])
