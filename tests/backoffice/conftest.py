"""Users of each role signed in, and a base with a bit of everything to look at."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.catalog.actions.set_provider import set_provider
from lapwing.catalog.models import Provider
from lapwing.core.context import acting_as
from lapwing.customers.models import Customer, ProviderAccount
from lapwing.exchange.models import FileImport
from lapwing.identity.actions.add_user import grant_role
from lapwing.identity.models import User
from lapwing.identity.permissions import Role
from lapwing.jobs.models import Job
from lapwing.messages.seed import seed_templates
from lapwing.receivables.actions.post_payment import post_payment
from lapwing.receivables.models import CreditRating
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.actions.schedule_change import schedule_change
from lapwing.subscriptions.models import LicenseChangeLog
from tests.jobs.conftest import ask
from tests.world import define, in_debt, make_account, make_subscription, run_now

NOTHING: Mapping[str, object] = {}
HIDDEN = re.compile(r'<input type="hidden" name="(seen|day|quiet)" value="([^"]*)"')
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(name: str) -> Client:
    """A browser in which that user is signed in."""
    client = Client(enforce_csrf_checks=False)
    client.force_login(User.objects.get(username=name), backend=BACKEND)
    return client


def submitted(client: Client, path: str, form: Mapping[str, object] = NOTHING, **options: Any) -> Any:
    """Posts a page's form as a browser does: with what the page itself put into it, unseen."""
    page = client.get(path).content.decode()
    unseen = dict(HIDDEN.findall(page))
    return client.post(path, {**{name: unescape(value) for name, value in unseen.items()}, **form}, **options)


@pytest.fixture
def client_of(sandbox: None) -> Callable[[str], Client]:
    """Browsers by role; `nothing` is a user without any."""
    for role in Role.values:
        grant_role(f"the_{role}", role)
    User.objects.create(username="the_nothing")
    return lambda role: signed_in(f"the_{role}")


def at_a_provider() -> dict[str, object]:
    """A manual provider with an open change, a customer who is not mapped there, and something planned."""
    with acting_as("root"):
        set_provider("byhand", "manual", responsible_email="ops@example.com", needs_account=True)
    provider = Provider.objects.get(code="byhand")
    make_account("PA1")
    make_subscription("PS1", "PA1", provider=provider)
    perform("PS1", "change_quantity", to="3")
    planned = perform("PS1", "change_quantity", to="4", on=date(2015, 4, 1))
    scheduled = schedule_change("PS1", "quantity", value="5", on=date(2015, 4, 2))
    owner = Customer.objects.get(number="C-PA1")
    proposed = ProviderAccount(customer=owner, provider=provider)
    proposed.save()
    post_payment("A1", 2000, reference="BANK-1")
    return {
        "account": "A1",
        "customer": "C-A1",
        "provider": "byhand",
        "invoice": "I-A2-2015-03-01-5000",
        "payment": "BANK-1",
        "provider-account": proposed.pk,
        "planned-action": planned.pk,
        "scheduled-change": scheduled.pk,
        "license-change": LicenseChangeLog.objects.filter(event="update").latest("pk").pk,
    }


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
    wrong = [
        {
            "file": "customers.csv",
            "line": 2,
            "column": "name",
            "value": "",
            "reason": "a name is needed",
            "code": "empty",
        }
    ]
    refused = FileImport(
        state="refused", files={"customers.csv": 120}, wrong=wrong, wrong_total=1, refusal="1 wrong"
    )
    refused.save()
    rating = CreditRating.objects.latest("pk").pk
    return {
        "rating": rating,
        "run": completed.pk,
        "held": held.pk,
        "job": job.pk,
        "code": "NGC",
        "subscription": "S1",
        "entry": AuditEntry.objects.latest("pk").pk,
        "user": "olga",
        "template": "grace_granted",
        "language": "en",
        "import": refused.pk,
        **at_a_provider(),
    }


@pytest.fixture
def acme(sandbox: None) -> Provider:
    """A provider with a connector that nobody answers."""
    with acting_as("root"):
        return set_provider(
            "acme", "automatic", connector="sandbox", configuration={"url": "http://127.0.0.1:9"}
        )
