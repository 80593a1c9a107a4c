"""A question to the database that takes too long is given up, and the connection goes on as before."""

import pytest
from django.db import OperationalError, connection

from lapwing.core.sql import TookTooLong, answered_within, rows

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.django_db
def test_what_takes_too_long_is_given_up():
    with pytest.raises(TookTooLong), answered_within(0.1):
        rows(ENDLESS)
    assert rows("SELECT 1") == [(1,)]


@pytest.mark.django_db
def test_afterwards_there_is_no_limit_any_more():
    with answered_within(0.2):
        rows("SELECT 1")
    pause = "SELECT pg_sleep(0.3)"
    counted = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {3_000_000}) SELECT count(*) FROM n"
    rows(pause if connection.vendor == "postgresql" else counted)


@pytest.mark.django_db
def test_another_fault_stays_what_it_is():
    with pytest.raises(OperationalError), answered_within(1):
        raise OperationalError("the server closed the connection")
