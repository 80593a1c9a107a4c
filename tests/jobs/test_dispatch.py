"""What a dispatcher hands out, to an engine that only notes it."""

from collections.abc import Sequence

from lapwing.jobs.claim import begin, new_token
from lapwing.jobs.dispatch import CHUNK, Dispatcher
from lapwing.jobs.models import Job
from lapwing.jobs.states import Status
from tests.jobs.conftest import ask, expire


class Notes:
    """An engine whose messages nobody takes."""

    name = "celery"

    def __init__(self) -> None:
        self.chunks: list[tuple[list[int], str]] = []

    def publish(self, ids: Sequence[int], token: str) -> None:
        self.chunks.append((list(ids), token))

    def health(self) -> str:
        return ""

    def purge(self) -> int:
        return 0


def lanes_handed_out() -> list[str]:
    under_way = Job.objects.filter(status__in=(Status.DISPATCHED, Status.IN_PROGRESS))
    return list(under_way.order_by("pk").values_list("lane", flat=True))


def test_one_slow_system_leaves_room_for_the_others(desk):
    for _ in range(100):
        ask("tell", lane="slow", parameters={"file": "x"})
    for _ in range(3):
        ask("tell", lane="quick", parameters={"file": "x"})
    engine = Notes()
    dispatcher = Dispatcher(engine)
    dispatcher.dispatch()
    handed_out = lanes_handed_out()
    assert handed_out.count("slow") == CHUNK["outside"]
    assert handed_out.count("quick") == 3
    ids, token = engine.chunks[0]
    assert len(begin(ids, token, new_token())) == CHUNK["outside"]  # slow calls are under way
    dispatcher.dispatch()
    assert lanes_handed_out().count("slow") == CHUNK["outside"]


def test_what_nobody_took_is_handed_out_again(desk):
    jobs = [ask() for _ in range(3)]
    engine = Notes()
    dispatcher = Dispatcher(engine)
    dispatcher.dispatch()
    expire(*(job.pk for job in jobs))
    dispatcher.dispatch()  # takes them back
    dispatcher.dispatch()
    assert [ids for ids, _ in engine.chunks] == [[job.pk for job in jobs]] * 2
