"""The product's own job types, killed and talked to badly: the provider's and the mail server's journals count."""

import random
import time

import pytest

from tests.faults.jobs.killing import KILLS_A_ROUND, finish, in_rounds, kill_at, kill_at_random
from tests.faults.jobs.kinds import MAIL, REAL, SYNC
from tests.faults.jobs.points import CLAIM, CONCLUDE, EXECUTE, OUTSIDE
from tests.faults.stage import dose

POINTS = (*OUTSIDE, *CONCLUDE, *EXECUTE, *CLAIM)


def test_provider_and_mailboxes_are_told_once_although_workers_are_killed(office, tally_of):
    tally = tally_of(f"jobs, {office.database.label}, local, own types killed")
    for points in in_rounds(POINTS, dose(5, 50)):
        kill_at(office, points, tally, kinds=REAL)
    for _ in range(dose(1, 6)):
        kill_at_random(office, KILLS_A_ROUND, tally, kinds=REAL)
    assert tally.verdict.found == []


@pytest.mark.parametrize(
    "modes",
    [
        ("late", "hang_up_after", "error_after", "nonsense"),
        ("hang_up_before", "error_before", "busy", "slow", "half"),
    ],
    ids=["acts", "does not"],
)
def test_provider_that_answers_badly_agrees_in_the_end(office, tally_of, modes):
    tally = tally_of(f"jobs, {office.database.label}, local, provider answers badly")
    for _ in range(dose(1, 5)):
        chance = random.Random(tally.seed())
        jobs = office.clear().ask({SYNC: 40})
        for mode in modes:
            office.outside.provider.misbehave(mode, times=chance.randint(2, 5), seconds=0.2)
            tally.add("others", mode.replace("_", " "))
        office.worker()
        finish(office, jobs, tally)
    assert tally.verdict.found == []


def test_mail_server_that_is_slow_refuses_or_is_down_gets_each_mail_once(office, tally_of):
    tally = tally_of(f"jobs, {office.database.label}, local, mail server answers badly")
    mail = office.outside.mail
    for _ in range(dose(1, 5)):
        chance = random.Random(tally.seed())
        jobs = office.clear().ask({MAIL: 40})
        office.worker(drag_s=0.01)
        for manner in ("hangup-after", "temp", "hangup-rcpt", "temp-data", "hangup-before", "slow+0.1"):
            mail.order(manner)
            time.sleep(chance.uniform(0.03, 0.08))
            tally.add("others", manner)
        mail.stop()
        time.sleep(0.1)
        mail.order("")
        mail.__enter__()
        tally.add("others", "down")
        finish(office, jobs, tally)
    assert tally.verdict.found == []


def test_nothing_is_mailed_that_is_not_true_any_more(office, tally_of):
    tally = tally_of(f"jobs, {office.database.label}, local, mails that stop being true")
    for _ in range(dose(1, 5)):
        chance = random.Random(tally.seed())
        jobs = office.clear().ask({MAIL: 60})
        office.worker(drag_s=0.01)
        time.sleep(chance.uniform(0.15, 0.3))
        office.do("accept", accepted=False)
        under_way = office.rows("SELECT COUNT(*) FROM jobs_job WHERE status = 'in_progress'")[0][0]
        mailed = len(office.outside.mails())
        finish(office, jobs, tally)
        assert len(office.outside.mails()) <= mailed + under_way
        tally.add(
            "others",
            "not true any more",
            office.rows("SELECT COUNT(*) FROM jobs_job WHERE status = 'not_applicable'")[0][0],
        )
        office.do("accept", accepted=True)
    assert tally.verdict.found == []
    assert tally.of("others"), "all were sent before"
