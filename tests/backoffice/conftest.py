"""Users of each role signed in, and a base with a bit of everything to look at."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.models import User
from lapwing.identity.permissions import Role
from lapwing.jobs.models import Job
from lapwing.messages.seed import seed_templates
from lapwing.receivables.models import CreditRating
from lapwing.subscriptions.actions.perform import perform
from tests.jobs.conftest import ask
from tests.world import define, in_debt, run_now

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(name: str) -> Client:
    """A browser in which that user is signed in."""
    client = Client(enforce_csrf_checks=False)
    client.force_login(User.objects.get(username=name), backend=BACKEND)
    return client


@pytest.fixture
def client_of(sandbox: None) -> Callable[[str], Client]:
    """Browsers by role; `nothing` is a user without any."""
    for role in Role.values:
        grant_role(f"the_{role}", role)
    User.objects.create(username="the_nothing")
    return lambda role: signed_in(f"the_{role}")


@pytest.fixture
def base(sandbox: None) -> dict[str, object]:
    return make_base()


def make_base() -> dict[str, object]:
    """Runs that completed, are planned and are held; jobs that failed; a subscription with a history."""
    in_debt(3)
    define()
    completed = run_now()
    in_debt(2, prefix="H")
    define("Held cut", safety={"approval": True})
    held = run_now("HC")
    perform("HS1", "extend_grace_period", until=date(2015, 3, 20), reason="asked for it")
    job = ask("book", subject="S1")
    Job.objects.filter(pk=job.pk).update(status="failed", result_code="error", result="it broke")
    seed_templates()
    rating = CreditRating.objects.latest("pk").pk
    return {
        "rating": rating,
        "run": completed.pk,
        "held": held.pk,
        "job": job.pk,
        "code": "NGC",
        "subscription": "S1",
        "entry": AuditEntry.objects.latest("pk").pk,
    }
