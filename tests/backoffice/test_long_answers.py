"""Files and full counts take half of the threads at most; who comes when all places are taken is told so."""

import gc
from collections.abc import Iterator

import pytest

from lapwing.backoffice import long_answers
from lapwing.backoffice.long_answers import AT_ONCE, InPlace, place
from lapwing.cli.web import THREADS
from lapwing.core.errors import Refused
from tests.backoffice.conftest import signed_in

BUSY = b"are being made already"


@pytest.fixture
def all_taken(monkeypatch) -> Iterator[list[InPlace]]:
    monkeypatch.setattr(long_answers, "WAIT_S", 0.01)
    gc.collect()  # what other tests left half read
    held = [InPlace([]) for _ in range(AT_ONCE)]
    yield held
    for each in held:
        each.close()


def test_half_of_the_threads_stay_free():
    assert AT_ONCE * 2 <= THREADS


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/subscriptions/?format=csv", 503),
        ("/subscriptions/?format=xlsx", 503),
        ("/definitions/NGC/preview/", 200),
    ],
)
def test_who_comes_when_all_places_are_taken_is_told_so(path: str, status: int, base, all_taken):
    answer = signed_in("olga").get(path)
    assert answer.status_code == status
    assert BUSY in answer.content
    all_taken.pop().close()
    again = signed_in("olga").get(path)
    assert again.status_code == 200
    assert again.streaming or BUSY not in again.content


def test_pages_are_answered_meanwhile(base, all_taken):
    client = signed_in("olga")
    assert client.get("/subscriptions/").status_code == 200
    assert BUSY not in client.post("/draft/deactivate_in_grace/", {"draft_date": "2015-03-10"}).content
    counted = client.post("/draft/deactivate_in_grace/", {"draft_date": "2015-03-10", "to_the_end": "1"})
    assert BUSY in counted.content


def test_a_file_that_nobody_reads_gives_its_place_back(base, all_taken):
    all_taken.pop().close()
    half_read = signed_in("olga").get("/subscriptions/?format=csv")
    assert next(iter(half_read.streaming_content)).startswith(b"subscription,")
    with pytest.raises(Refused, match="busy"), place():
        pass
    half_read.close()
    with place():
        pass
