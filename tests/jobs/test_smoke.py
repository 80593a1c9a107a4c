from lapwing.jobs.models import Job, JobAttempt
from tests.jobs.conftest import ask, work


def test_worker_does_what_is_due(ledger, tmp_path):
    ask("no_op")
    ask("book")
    ask("tell", parameters={"file": str(tmp_path / "told")})
    work()
    assert list(Job.objects.order_by("pk").values_list("type", "status", "result")) == [
        ("no_op", "succeeded", ""),
        ("book", "succeeded", ""),
        ("tell", "succeeded", ""),
    ]
    assert JobAttempt.objects.count() == 3
    assert (tmp_path / "told").read_text() == f"{Job.objects.get(type='tell').pk}\n"
