"""What a step replaces or ends is what its page showed: the action compares it, under its lock."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.test import Client

from lapwing.audit.models import AuditEntry
from lapwing.backoffice.steps import protections
from lapwing.backoffice.views import settings as screen
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.identity.actions.set_organisation import set_organisation
from lapwing.identity.models import Organisation
from lapwing.identity.queries import today
from lapwing.receivables.models import Account
from lapwing.runs.models import Run
from tests.backoffice.conftest import signed_in
from tests.jobs.conftest import close_connection
from tests.world import define, make_account

FIRST_OF_APRIL = date(2015, 4, 1)
THERE = {
    "until 1 Apr 2015: in talks": {"on_hold_until": FIRST_OF_APRIL, "hold_reason": "in talks"},
    "until 1 Apr 2015: in court": {"on_hold_until": FIRST_OF_APRIL, "hold_reason": "in court"},
    "€12.30 until 1 Apr 2015": {"promise_until": FIRST_OF_APRIL, "promise_minor": 1230},
    "€7.00 until 1 Apr 2015": {"promise_until": FIRST_OF_APRIL, "promise_minor": 700},
}
TALKS, COURT, MORE, LESS = THERE
NOTHING = {"on_hold_until": None, "hold_reason": "", "promise_until": None, "promise_minor": None}
ACTIONS = {
    "hold": "hold_account",
    "release": "release_account",
    "promise": "promise_payment",
    "end_promise": "end_promise",
}
FIELDS: dict[str, dict[str, str]] = {
    "hold": {"until": "2015-06-01", "reason": "asked for time"},
    "promise": {"until": "2015-06-01", "amount": "20"},
    "end_promise": {"reason": "broken"},
}


@pytest.fixture
def path(sandbox: None) -> str:
    make_account()
    return "/steps/account/{}/?of=A1"


def protect_by(told: str) -> None:
    """What protects the account now, by how its pages say it; nothing else."""
    Account.objects.update(**{**NOTHING, **THERE.get(told, {})})


def kept() -> dict[str, Any]:
    return Account.objects.values(*NOTHING).get()


OTHERS = [
    ("hold", TALKS, COURT),
    ("hold", "", COURT),
    ("hold", TALKS, ""),
    ("release", TALKS, COURT),
    ("release", TALKS, ""),
    ("promise", MORE, LESS),
    ("promise", "", LESS),
    ("promise", MORE, ""),
    ("end_promise", MORE, LESS),
    ("end_promise", MORE, ""),
]


@pytest.mark.parametrize("after_the_look", [False, True])
@pytest.mark.parametrize(("step", "shown", "other"), OTHERS)
def test_another_hold_or_promise_than_the_page_showed_stays(
    step, shown, other, after_the_look, path, monkeypatch
):
    protect_by(shown)
    client, path = signed_in("olga"), path.format(step)
    page = client.get(path)
    assert shown in page.content.decode()
    if after_the_look:
        quicker(monkeypatch, protections, ACTIONS[step], lambda: protect_by(other))
    else:
        protect_by(other)
    told = client.post(path, {"seen": page.context["seen"], **FIELDS.get(step, {})})
    said = told.content.decode()
    assert "edited_meanwhile" in said and other in said and (not shown or shown not in said)
    assert kept() == {**NOTHING, **THERE.get(other, {})}
    assert told.context["seen"] != page.context["seen"]


def quicker(monkeypatch: pytest.MonkeyPatch, screen: Any, action: str, deed: Callable[[], object]) -> None:
    """Somebody else does that after the screen has looked, and before the action has its lock."""
    carry_out = getattr(screen, action)

    def overtaken(*args: Any, **options: Any) -> Any:
        deed()
        return carry_out(*args, **options)

    monkeypatch.setattr(screen, action, overtaken)


@pytest.mark.parametrize(
    ("step", "shown"), [("hold", TALKS), ("release", TALKS), ("promise", MORE), ("end_promise", MORE)]
)
def test_what_the_page_showed_is_replaced_or_ended(step, shown, path):
    protect_by(shown)
    client, path = signed_in("olga"), path.format(step)
    form = {"seen": client.get(path).context["seen"], **FIELDS.get(step, {})}
    assert client.post(path, form).status_code == 302
    assert not set(THERE[shown].items()) <= set(kept().items())


def test_the_page_of_a_first_hold_speaks_of_none(path):
    protect_by(MORE)
    assert "is replaced" not in signed_in("olga").get(path.format("hold")).content.decode()
    assert "is replaced" in signed_in("olga").get(path.format("promise")).content.decode()


def test_a_form_without_its_mark_replaces_nothing(path):
    told = signed_in("olga").post(path.format("hold"), FIELDS["hold"])
    assert "edited_meanwhile" in told.content.decode() and kept()["on_hold_until"] is None


def test_who_typed_something_wrong_is_told_that_another_hold_is_there(path):
    protect_by(TALKS)
    client, path = signed_in("olga"), path.format("hold")
    seen = client.get(path).context["seen"]
    assert "was changed meanwhile" not in client.post(path, {"seen": seen, "until": ""}).content.decode()
    protect_by(COURT)
    told = client.post(path, {"seen": seen, "until": ""})
    assert "was changed meanwhile" in told.content.decode() and COURT in told.content.decode()


def test_settings_saved_between_the_look_and_the_lock_stay(sandbox, monkeypatch):
    client = signed_in("root")
    seen = client.get("/settings/").context["stored"]
    quicker(monkeypatch, screen, "set_organisation", lambda: Organisation.objects.update(max_affected=100))
    told = client.post("/settings/", settings_form(500, seen), follow=True).content.decode()
    assert "edited_meanwhile" in told and Organisation.objects.get().max_affected == 100
    assert not AuditEntry.objects.filter(action="organisation.set").exists()


def settings_form(max_affected: int, seen: str) -> dict[str, object]:
    own = Organisation.objects.get()
    kept_as_they_are = ("name", "time_zone", "currency", "country", "max_affected_percent")
    return {
        **{name: getattr(own, name) for name in kept_as_they_are},
        "max_affected": max_affected,
        "seen": seen,
    }


def test_of_two_who_save_the_settings_at_once_one_is_refused(committed_sandbox):
    for turn in range(1, 6):
        seen = signed_in("root").get("/settings/").context["stored"]
        forms = [settings_form(turn * 10 + number, seen) for number in (0, 1)]
        assert refused_of_two("root", "/settings/", forms) == [False, True]
    assert AuditEntry.objects.filter(action="organisation.set").count() == 5


@pytest.mark.parametrize("step", ["hold", "promise"])
def test_of_two_who_replace_at_once_one_is_refused(step, committed_sandbox):
    make_account()
    path = f"/steps/account/{step}/?of=A1"
    for turn in range(1, 6):
        seen = signed_in("olga").get(path).context["seen"]
        days = [f"2015-{3 + turn:02}-{day}" for day in (11, 12)]
        forms = [{"seen": seen, **FIELDS[step], "until": day} for day in days]
        assert refused_of_two("olga", path, forms) == [False, True]
    assert AuditEntry.objects.filter(action=f"account.{step}").count() == 5


def refused_of_two(user: str, path: str, forms: list[dict[str, Any]]) -> list[bool]:
    """Both forms are posted in one instant: whether each was refused, the one that was not first."""
    both, told = threading.Barrier(len(forms)), []

    def post(client: Client, form: dict[str, Any]) -> None:
        both.wait()
        told.append("edited_meanwhile" in client.post(path, form, follow=True).content.decode())
        close_connection()

    threads = [threading.Thread(target=post, args=(signed_in(user), form)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(told)


def test_the_command_line_saves_without_having_looked(sandbox):
    with acting_as("root"):
        assert set_organisation(max_affected="100").max_affected == 100


def test_a_day_that_ends_while_the_lock_is_waited_for_is_not_started(sandbox, monkeypatch):
    code = define()
    client, path = signed_in("olga"), f"/definitions/{code}/steps/start/"
    form = {"seen": client.get(path).context["seen"], "day": today().isoformat()}
    module = import_module("lapwing.runs.actions.start_run")
    lock = module.lock_definition

    def waited(definition):
        clock.stand_at(clock.now() + timedelta(days=1))
        return lock(definition)

    monkeypatch.setattr(module, "lock_definition", waited)
    assert "another_day" in client.post(path, form, follow=True).content.decode()
    assert not Run.objects.exists()
    module.start_run(code)
    assert Run.objects.get().nominal_on == today()
