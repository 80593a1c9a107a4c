"""The form of a definition: generated from its kind, saved by the actions, asked about while it is written."""

import re

import pytest
from django.http import QueryDict

from lapwing.audit.models import AuditEntry
from lapwing.backoffice.entry.content import as_posted, read_content
from lapwing.backoffice.entry.schedule import read_schedule
from lapwing.catalog.models import SubscriptionType
from lapwing.core import clock
from lapwing.runs.actions.apply_definition import checked
from lapwing.runs.actions.submit import submit
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Definition
from tests.backoffice.conftest import signed_in
from tests.world import define, in_debt, run_now

KIND = "deactivate_in_grace"
NEW, LIVE, EXPLAIN = f"/new-definition/?kind={KIND}", f"/draft/{KIND}/", f"/draft/{KIND}/explain/"
RULES = [
    {"method": "now"},
    {"method": "at", "at": "2015-04-01T02:00:00"},
    {"method": "repeat", "start": "2015-04-01T02:00:00", "every": 6, "unit": "hours", "end": "2015-12-31"},
    *(
        {"method": "advanced", "start": "2015-04-01T02:00:00", "rule": rule}
        for rule in (
            "FREQ=WEEKLY;BYDAY=MO,FR",
            "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;COUNT=5",
            "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20151231",
            "FREQ=MONTHLY;BYDAY=-1FR",
            "FREQ=MONTHLY;BYMONTHDAY=1,15",
            "FREQ=WEEKLY;BYDAY=FR,MO",  # in another order than the builder's
            "FREQ=YEARLY;BYMONTH=3;BYDAY=2TU",
            "FREQ=MONTHLY;UNTIL=20151231T020000Z;BYMONTHDAY=3",
        )
    ),
]


def rich(**changes: object) -> dict:
    """A definition that says something in every section, zeros among it."""
    return {
        "kind": KIND,
        "name": "All of it",
        "alternative_code": "ALL",
        "description": "Two\nlines",
        "criteria": {
            "subscription_types": ["fibre", "tv"],
            "binding_state": "in_binding",
            "grace_period_end_days": 0,
            "balance": {"more_than": "10.00", "less_than": "500"},
            "outstanding": {"more_than": "0", "due_in_days": 0},
            "debt_guard": "unsettled",
        },
        "schedule": {"method": "repeat", "start": "2015-04-01 02:00", "every": 1, "unit": "days"},
        "throttle": {"max_batch_size": 100, "start_again_after": {"value": 10, "unit": "minutes"}},
        "safety": {
            "max_affected": 0,
            "max_affected_percent": "2.5",
            "max_amount": {"EUR": "50000", "JPY": "7"},
            "approval": True,
            "canary": 3,
            "recently_reactivated_days": 0,
            "require_warning": True,
        },
        "quiet_times": {"weekdays": ["sat", "sun"], "holidays": "GB", "between": ["18:00", "08:00"]},
        **changes,
    }


@pytest.fixture
def types(sandbox) -> None:
    for code, name in (("fibre", "Fibre to the home"), ("tv", "Television")):
        SubscriptionType.objects.create(code=code, name=name, created_at=clock.now(), updated_at=clock.now())


def through_the_form(content: dict) -> dict:
    """What opening the form and saving it at once would write."""
    kind = kinds.get(content["kind"])
    head, specification = checked(content)
    return checked(read_content(kind, as_posted(kind, head, specification.content())))[1].content()


@pytest.mark.parametrize("schedule", RULES, ids=lambda schedule: schedule.get("rule", schedule["method"]))
def test_opening_and_saving_changes_nothing(schedule, types):
    throttle = rich()["throttle"] if schedule["method"] in ("repeat", "advanced") else None
    content = rich(schedule=schedule, throttle=throttle)
    assert through_the_form(content) == checked(content)[1].content()


@pytest.mark.parametrize("name", [kind.name for kind in kinds])
def test_every_kind_has_its_form_without_a_line_of_a_screen(name, sandbox):
    content = {"kind": name, "name": "Any"}
    assert through_the_form(content) == checked(content)[1].content()
    page = signed_in("olga").get(f"/new-definition/?kind={name}")
    assert page.status_code == 200
    for field in kinds.get(name).Criteria.model_fields:
        assert f"criteria.{field}" in page.content.decode()


@pytest.mark.parametrize(
    ("ticked", "rule"),
    [
        ("method=weekly&interval=2&weekdays=FR&weekdays=MO", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
        ("method=weekly&interval=1&ends=count&count=4", "FREQ=WEEKLY;COUNT=4"),
        (
            "method=monthly&monthly=last&ends=until&until=2015-12-31",
            "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20151231",
        ),
        ("method=monthly&monthly=nth&place=-1&weekday=FR", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("method=monthly&monthly=day&day=15", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("method=advanced&rule=FREQ%3DDAILY", "FREQ=DAILY"),
    ],
)
def test_what_is_ticked_becomes_a_rule(ticked: str, rule: str):
    posted = QueryDict("&".join(f"schedule.{part}" for part in ticked.split("&")))
    assert read_schedule(posted) == {"method": "advanced", "rule": rule}


def test_new_creates_a_definition_and_plans_nothing(sandbox):
    answer = signed_in("olga").post(NEW, {"name": "Nightly grace cut", "criteria.balance.more_than": "10"})
    assert answer["Location"] == "/definitions/NGC/"
    made = Definition.objects.get()
    assert made.created_by == "olga" and not made.runs.exists()
    assert made.versions.get().content["criteria"]["balance"]["more_than"] == "10"


def test_new_never_touches_a_definition_that_exists(sandbox):
    define()
    before = Definition.objects.get().versions.get().content
    for typed in ({"name": "Other", "alternative_code": "NGC"}, {"name": "Nightly grace cut"}):
        page = signed_in("olga").post(NEW, {**typed, "criteria.balance.more_than": "10"}).content.decode()
        assert "in use by another definition" in beside("alternative_code", page)
    assert Definition.objects.get().versions.get().content == before


def beside(path: str, page: str) -> str:
    """What is told in the place beside an input."""
    place = f'id="wrong-{path.replace(".", "-")}"'
    return re.search(f"{place}[^>]*>(.*?)</div>(?!<div>)", page + "</div>", re.DOTALL).group(1)


def test_what_is_wrong_is_told_beside_each_field_and_what_was_typed_is_kept(sandbox):
    typed = {
        "name": "",
        "description": "kept <b>as typed</b>",
        "criteria.balance.more_than": "50",
        "criteria.balance.less_than": "20",
        "criteria.binding_periods": "kept_too",
        "safety.canary": "x",
        "safety.max_amount.EUR": "1.234",
        "throttle.max_batch_size": "5",
        "quiet_times.between.from": "18:00",
        "schedule.method": "at",
        "schedule.at": "tomorrow",
    }
    page = signed_in("olga").post(NEW, typed).content.decode()
    assert "is missing" in beside("name", page)
    assert "empty range" in beside("criteria.balance.more_than", page)
    assert "expected a whole number, found &#x27;x&#x27;" in beside("safety.canary", page)
    assert "more digits than the currency has" in beside("safety.max_amount", page)
    assert "is not a time of day" in beside("quiet_times.between", page)
    assert "is not a date or local time" in beside("schedule.at", page)
    assert "kept &lt;b&gt;as typed&lt;/b&gt;" in page and 'value="tomorrow"' in page and 'value="x"' in page
    assert 'value="kept_too" checked' in page
    assert not Definition.objects.exists()


def test_codes_that_do_not_exist_and_contradictions_are_told_beside_their_criterion(types):
    typed = {"name": "A b", "criteria.subscription_types": ["tv", "gone"], "criteria.binding_periods": "y1"}
    page = signed_in("olga").post(NEW, typed).content.decode()
    assert "there is no subscription type &#x27;gone&#x27;" in beside("criteria.subscription_types", page)
    told = beside("criteria.binding_periods", page)
    assert "there is no binding period" in told and "needs binding_state: in_binding" in told


def test_throttling_without_repetition_is_told_at_throttling(sandbox):
    page = signed_in("olga").post(NEW, {"name": "A b", "throttle.max_batch_size": "5"}).content.decode()
    assert "repeat and advanced only" in beside("throttle.max_batch_size", page)


def edit(client, **changes: str):
    """Opens the form of NGC, changes something and saves."""
    page = client.get("/definitions/NGC/edit/")
    form = page.context["form"]
    return client.post(
        "/definitions/NGC/edit/", {**form.posted.dict(), "seen": page.context["seen"], **changes}
    )


def test_the_code_that_a_form_does_not_send_is_still_there_when_it_comes_back(base):
    client = signed_in("olga")
    page = client.get("/definitions/NGC/edit/")
    sent = {**page.context["form"].posted.dict(), "seen": page.context["seen"], "safety.canary": "x"}
    sent.pop("alternative_code")
    answer = client.post("/definitions/NGC/edit/", sent).content.decode()
    assert "It was not saved" in answer and '<input type="text" value="NGC" readonly>' in answer


def test_edit_is_in_place_before_and_a_new_version_after_the_first_run(base):
    client = signed_in("olga")
    assert "saving makes version 2" in client.get("/definitions/NGC/edit/").content.decode()
    assert edit(client, name="Cut").status_code == 302  # the name belongs to all versions
    assert edit(client, **{"criteria.grace_period_end_days": "3"})["Location"] == "/definitions/NGC/"
    definition = Definition.objects.get(alternative_code="NGC")
    assert (definition.name, definition.versions.count()) == ("Cut", 2)
    edit(client, **{"criteria.grace_period_end_days": "4"})
    assert [
        each.content["criteria"]["grace_period_end_days"] for each in definition.versions.order_by("version")
    ] == [0, 4]


def test_a_form_that_somebody_else_overtook_is_refused(sandbox):
    define()
    client = signed_in("olga")
    seen = client.get("/definitions/NGC/edit/").context["seen"]
    define(criteria={"grace_period_end_days": 2})
    page = client.post("/definitions/NGC/edit/", {"name": "Mine", "seen": seen}).content.decode()
    assert "meanwhile" in page and 'value="Mine"' in page
    assert Definition.objects.get().name == "Nightly grace cut"


def test_the_draft_tells_what_it_would_do_and_writes_nothing(base):
    in_debt(2, prefix="N")
    client, before = signed_in("olga"), AuditEntry.objects.count()
    typed = {"schedule.method": "weekly", "schedule.start": "2015-03-12T02:00", "schedule.weekdays": "FR"}
    answer = client.post(LIVE, typed)
    found = answer.context["found"]  # HS2, NS1, NS2
    assert (found.would_do, found.amount_minor) == (3, {"EUR": 15000})
    page = answer.content.decode()
    assert "Customer NA1" in page and "FREQ=WEEKLY;BYDAY=FR" in page
    assert "13 Mar 2015 02:00" in page and page.count("Friday") == 5
    assert beside("name", page) == ""  # not typed yet is not wrong yet
    assert client.post(LIVE, {"criteria.balance.more_than": "51"}).context["found"].would_do == 0
    wrong = client.post(LIVE, {"criteria.balance.more_than": "x"}).content.decode()
    assert "cannot be read yet" in wrong and "expected an amount" in beside(
        "criteria.balance.more_than", wrong
    )
    assert client.post(LIVE, {"criteria.subscription_types": "gone"}).context["unclear"]
    assert "is not a date" in client.post(LIVE, {"draft_date": "soon"}).content.decode()
    assert AuditEntry.objects.count() == before and Definition.objects.count() == 2


def test_the_draft_counts_no_further_than_it_says(base, monkeypatch):
    in_debt(4, prefix="N")
    monkeypatch.setattr("lapwing.backoffice.views.definition_drafts.CAP", 3)
    client = signed_in("olga")
    page = client.post(LIVE, {}).content.decode()
    assert "<b>3+</b>" in page and "Only the first 3 were looked at" in page
    assert "<b>5</b>" in client.post(LIVE, {"to_the_end": "yes"}).content.decode()


def test_the_draft_is_left_where_counting_takes_too_long(base, monkeypatch):
    from lapwing.core.sql import TookTooLong

    def slow(*_args, **_options):
        raise TookTooLong

    monkeypatch.setattr("lapwing.backoffice.views.definition_drafts.preview_of", slow)
    assert "takes longer than" in signed_in("olga").post(LIVE, {}).content.decode()


def test_the_draft_explains_one_subscription(base):
    in_debt(1, prefix="N")
    client = signed_in("olga")
    page = client.post(EXPLAIN, {"draft_subject": "NS1", "criteria.balance.more_than": "60"}).content.decode()
    assert "is not selected" in page and "from 60" in page and "50 EUR" in page
    assert "would be acted on" in client.post(EXPLAIN, {"draft_subject": "NS1"}).content.decode()
    assert "there is no subscription" in client.post(EXPLAIN, {"draft_subject": "none"}).content.decode()


def test_the_search_dialog_finds_codes_by_code_or_name(types):
    client = signed_in("olga")
    path = f"/draft/{KIND}/choices/?input=criteria.subscription_types"
    assert client.get(path).content.count(b"data-code=") == 2
    assert b'data-code="tv"' in client.get(f"{path}&q=televis").content
    assert b"Nothing is called &lt;x&gt;" in client.get(f"{path}&q=<x>").content
    assert client.get(f"/draft/{KIND}/choices/?input=criteria.balance").status_code == 404


def test_form_without_its_token_is_refused(sandbox):
    from django.test import Client

    from lapwing.identity.models import User
    from tests.backoffice.conftest import BACKEND

    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="olga"), backend=BACKEND)
    for path in (NEW, LIVE, EXPLAIN):
        assert client.post(path, {"name": "Nightly grace cut"}).status_code == 403
    assert not Definition.objects.exists()


def test_a_definition_is_deleted_only_without_runs(sandbox):
    define()
    client = signed_in("olga")
    submit("NGC")
    assert b"/steps/delete/" not in client.get("/definitions/NGC/").content
    refused = client.post("/definitions/NGC/steps/delete/", follow=True).content.decode()
    assert "definition_has_runs" in refused
    client.post(f"/runs/{Definition.objects.get().runs.get().pk}/steps/delete/")
    assert client.post("/definitions/NGC/steps/delete/")["Location"] == "/definitions/"
    assert not Definition.objects.exists()


@pytest.mark.parametrize("path", ["/definitions/NGC/", "/definitions/NGC/versions/"])
def test_a_version_is_read_under_the_labels_of_its_form(path: str, sandbox):
    define(
        criteria={"grace_period_end_days": 1200, "outstanding": {"more_than": "25.00"}},
        schedule={"method": "repeat", "start": "2015-03-15 22:00", "every": 1, "unit": "days"},
        safety={"max_amount": {"EUR": "5000"}, "approval": True},
        quiet_times={"weekdays": ["sat", "sun"]},
    )
    read = " ".join(re.sub("<[^>]+>", " ", signed_in("olga").get(path).content.decode()).split())
    for said in (
        "Days since the grace period ended, at most 1,200",
        "Outstanding amount: More than 25.00",
        "First time, and time of day 15 Mar 2015 22:00",
        "Stop above an amount at stake €5,000.00",
        "Every run needs somebody else&#x27;s approval yes",
        "Nothing on these weekdays Sat, Sun",
    ):
        assert said in read
    assert "grace period end days" not in read and "max amount" not in read


def test_versions_stand_side_by_side(sandbox):
    in_debt(1)
    define(criteria={"credit_ratings": ["CA"], "grace_period_end_days": 1})
    run_now()
    define(criteria={"credit_ratings": ["CA"], "grace_period_end_days": 2})
    page = signed_in("olga").get("/definitions/NGC/versions/?left=1&right=2")
    assert page.context["differing"] == 1
    assert page.content.decode().count('class="lw-differs"') == 1
    assert signed_in("olga").get("/definitions/NGC/versions/?left=7").status_code == 404


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["BBS", "HC", "NGC"]),
        ("q=grace", ["NGC"]),
        ("q=hc", ["HC"]),
        ("kind=activate_settled", ["BBS"]),
        ("state=not_effective", []),
        ("scheduled=yes", ["BBS"]),
        ("scheduled=no", ["HC", "NGC"]),
        ("kind=none_such&after=BBS", ["HC", "NGC"]),
    ],
)
def test_the_list_is_searched_and_filtered(query: str, codes: list[str], base):
    define("Bring back settled", kind="activate_settled", safety={})
    submit("BBS")
    rows = signed_in("olga").get(f"/definitions/?{query}").context["page"].rows
    assert [row["definition"].alternative_code for row in rows] == codes


def test_texts_of_a_definition_stay_texts_in_its_form(types):
    evil = "<script>alert('canary')</script>\"'><img src=x onerror=alert(1)>"
    define("Any " + evil, alternative_code="EVIL", description=evil)
    SubscriptionType.objects.filter(code="tv").update(name=evil)
    client = signed_in("olga")
    for path in (
        "/definitions/EVIL/edit/",
        "/definitions/",
        "/definitions/EVIL/versions/",
        f"/draft/{KIND}/choices/?input=criteria.subscription_types",
    ):
        page = client.get(path).content
        assert b"<script>alert" not in page and b"<img src=x" not in page, path
