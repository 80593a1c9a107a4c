"""A sandbox provider named acme, a manual one, and a mail server; business time that tests move."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.jobs.models import Job
from lapwing.messages.seed import seed_templates
from lapwing.subscriptions.models import Subscription
from tests.messages.mail_process import MailProcess
from tests.sandbox_provider import SandboxProvider
from tests.world import make_account, make_subscription


@pytest.fixture
def provider(committed_sandbox: None, tmp_path: Path) -> Iterator[SandboxProvider]:
    with SandboxProvider(tmp_path) as sandbox, acting_as("root"):
        configuration = {"url": sandbox.url, "time_limit_s": 1, "total_limit_s": 3}
        set_provider("acme", "automatic", connector="sandbox", configuration=configuration)
        yield sandbox


@pytest.fixture
def mail(committed_sandbox: None, tmp_path: Path, settings) -> Iterator[MailProcess]:
    seed_templates()
    with MailProcess(tmp_path) as server, acting_as("root"):
        settings.SMTP_URL = f"smtp://127.0.0.1:{server.port}?timeout_s=2"
        set_provider("byhand", "manual", responsible_email="ops@example.com", remind_every_days=3)
        yield server


@pytest.fixture
def later() -> Callable[..., None]:
    """Moves business time on."""

    def move(**parts: float) -> None:
        clock.stand_at(clock.now() + timedelta(**parts))

    return move


def served(number: str = "S1", *, provider: str = "acme", state: str = "effective") -> Subscription:
    """A subscription of customer C-A1 delivered by a provider."""
    make_account(f"A{number}")
    return make_subscription(number, f"A{number}", state=state, provider=Provider.objects.get(code=provider))


def statuses(job_type: str) -> list[tuple[str, str]]:
    return list(Job.objects.filter(type=job_type).order_by("pk").values_list("status", "result_code"))


def due_now() -> None:
    """What waits for another try need not wait for it in a test."""
    from lapwing.jobs.machine_time import machine_now

    Job.objects.filter(status="retry").update(scheduled_for=machine_now())
