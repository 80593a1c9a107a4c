"""What web processes remember together: each has a cache of its own, and all of them one memory."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from lapwing.identity.models import Remembered
from lapwing.identity.shared_cache import SharedCache

HOUR = 3600


@pytest.fixture
def one(db) -> SharedCache:
    return SharedCache("", {})


@pytest.fixture
def other(db) -> SharedCache:
    return SharedCache("", {})


def test_what_one_writes_the_other_reads(one, other):
    one.set("count", [2.5, 1.25], HOUR)
    assert other.get("count") == [2.5, 1.25]
    other.set("count", [3.0], HOUR)
    assert one.get("count") == [3.0] and one.has_key("count")
    assert one.delete("count") and not other.delete("count")
    assert other.get("count", "nothing") == "nothing"


def test_only_one_adds_a_key_until_it_is_over(one, other):
    assert one.add("lock", True, HOUR) and not other.add("lock", False, HOUR)
    assert other.get("lock") is True
    one.set("lock", True, 0)  # over
    assert other.get("lock") is None and other.add("lock", False, HOUR)
    assert one.get("lock") is False


def test_touch_prolongs_only_what_is_there(one):
    one.set("a", 1, 5)
    assert one.touch("a", HOUR) and not one.touch("b", HOUR)


def test_what_is_over_is_swept_and_nothing_stays_for_ever(one):
    for number in range(3):
        one.set(f"old {number}", number, -1)
    one.set("new", 1, None)
    assert list(Remembered.objects.values_list("key", flat=True)) == [":1:new"]
    one.clear()
    assert not Remembered.objects.exists()


def test_of_many_at_once_one_adds_the_key(transactional_db):
    start = Barrier(8)

    def add(number: int) -> bool:
        start.wait(timeout=30)
        try:
            return SharedCache("", {}).add("lock", number, HOUR)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(8))) == 1
