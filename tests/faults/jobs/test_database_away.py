"""The database restarts, drops a session, or the line is cut, also in the middle of a COMMIT: what became of a change
is read, never assumed and never repeated blindly.
"""

import pytest

from tests.faults.jobs.cutting import cut
from tests.faults.stage import dose

pytestmark = pytest.mark.xdist_group("fault-jobs-postgresql")


def test_database_restarts_and_cut_lines_lose_and_double_nothing(on_postgresql, tally_of):
    tally = tally_of("jobs, PostgreSQL, local, database away")
    for number in range(dose(2, 17)):
        restarts = ["restart"] * dose(1, 3)
        ways = [
            "session",
            "commit lost",
            "answer to commit lost",
            *restarts,
            "answer to commit lost",
            "session",
        ]
        cut(on_postgresql, ways if number % 2 else ways[::-1], tally)
    assert tally.verdict.found == []


def test_line_cut_one_way_past_the_lease(on_postgresql, tally_of):
    tally = tally_of("jobs, PostgreSQL, local, line cut one way")
    for _ in range(dose(1, 10)):
        cut(on_postgresql, ["no way to it", "no way back"], tally)
    assert tally.verdict.found == []
