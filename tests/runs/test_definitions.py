"""Definitions: every field's validation, named all at once; versions; identity; what an edit does."""

import pytest

from lapwing.core.context import acting_as
from lapwing.core.errors import Invalid, Refused
from lapwing.runs.actions.apply_definition import apply_definition
from lapwing.runs.actions.change_definition import set_definition_state
from lapwing.runs.actions.submit import submit
from lapwing.runs.definitions import differences, find, latest, version
from lapwing.runs.models import Definition, Run
from lapwing.runs.queries import scheduled_date
from lapwing.runs.scheduling import tick
from lapwing.runs.states import DefinitionState
from tests.conftest import R
from tests.world import NO_BRAKE, define, make_account, make_subscription, make_term, run_now

pytestmark = pytest.mark.usefixtures("sandbox")
BASE = {"kind": "deactivate_in_grace", "name": "Nightly grace cut"}
DAILY = {"method": "repeat", "start": "2015-03-11 02:00", "every": 1, "unit": "days"}


def problems(**content) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        apply_definition({**BASE, **content})
    assert refused.value.code == "invalid_definition"
    return {(problem.field, problem.code) for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("content", "field", "code"),
    [
        ({"colour": "red"}, "colour", "unknown_key"),
        ({"criteria": {"colour": "red"}}, "criteria.colour", "unknown_key"),
        ({"safety": {"colour": "red"}}, "safety.colour", "unknown_key"),
        ({"criteria": {"price_plans": ["none"]}}, "criteria.price_plans", "unknown_code"),
        ({"criteria": {"credit_ratings": ["ZZZ"]}}, "criteria.credit_ratings", "unknown_code"),
        ({"criteria": {"binding_state": "maybe"}}, "criteria.binding_state", "not_a_choice"),
        ({"criteria": {"grace_period_end_days": -1}}, "criteria.grace_period_end_days", "greater_than_equal"),
        ({"criteria": {"grace_period_end_days": 1.5}}, "criteria.grace_period_end_days", "not_whole"),
        ({"criteria": {"grace_period_end_days": True}}, "criteria.grace_period_end_days", "not_whole"),
        (
            {"criteria": {"balance": {"more_than": "10", "less_than": "10"}}},
            "criteria.balance",
            "empty_range",
        ),
        ({"criteria": {"balance": {"less_than": "0"}}}, "criteria.balance", "empty_range"),
        ({"criteria": {"balance": {"more_than": "0.001"}}}, "criteria.balance", "over_precise"),
        ({"criteria": {"balance": {"more_than": "1.000"}}}, "criteria.balance", "over_precise"),
        ({"criteria": {"balance": {"more_than": "-1"}}}, "criteria.balance.more_than", "negative_amount"),
        ({"criteria": {"balance": {"more_than": "NaN"}}}, "criteria.balance.more_than", "not_an_amount"),
        ({"criteria": {"balance": {"more_than": True}}}, "criteria.balance.more_than", "not_an_amount"),
        ({"criteria": {"outstanding": {"due_in_days": 3}}}, "criteria.outstanding", "shift_without_bound"),
        (
            {"criteria": {"outstanding": {"more_than": 1, "due_in_days": 3, "due_days_ago": 3}}},
            "criteria.outstanding",
            "two_shifts",
        ),
        ({"criteria": {"debt_guard": "all"}}, "criteria.debt_guard", "not_a_choice"),
        ({"throttle": {"max_batch_size": 5}}, "throttle", "throttle_without_repetition"),
        (
            {"schedule": DAILY, "throttle": {"max_batch_size": 0}},
            "throttle.max_batch_size",
            "greater_than_equal",
        ),
        ({"schedule": DAILY, "throttle": {}}, "throttle.max_batch_size", "missing"),
        ({"safety": {"max_amount": {"XXQ": 1}}}, "safety.max_amount", "unknown_currency"),
        ({"safety": {"max_amount": {"EUR": "0.001"}}}, "safety.max_amount", "over_precise"),
        (
            {
                "schedule": DAILY,
                "throttle": {"max_batch_size": 1, "start_again_after": {"value": 367, "unit": "days"}},
            },
            "throttle.start_again_after",
            "too_long",
        ),
        ({"alternative_code": "--help"}, "alternative_code", "bad_code"),
        ({"safety": {"canary": 0}}, "safety.canary", "greater_than_equal"),
        ({"safety": {"max_affected_percent": 101}}, "safety.max_affected_percent", "less_than_equal"),
        ({"sub_action_type": "x"}, "sub_action_type", "action_type_missing"),
        ({"action_type": "x"}, "action_type", "unknown_action_type"),
        ({"quiet_times": {"holidays": "XX"}}, "quiet_times.holidays", "unknown_country"),
        ({"schedule": {"method": "later"}}, "schedule", "union_tag_invalid"),
        ({"schedule": {"start": "2015-01-01"}}, "schedule", "missing"),
        ({"criteria": [1]}, "criteria", "not_a_section"),
        ({"name": ""}, "name", "not_a_text"),
        ({"name": None}, "name", "missing"),
        ({"alternative_code": "a b"}, "alternative_code", "bad_code"),
    ],
)
def test_wrong_field_is_named(content, field, code):
    assert (field, code) in problems(**content)
    assert not Definition.objects.exists()


def test_all_wrong_fields_are_named_at_once():
    found = problems(
        colour=1, criteria={"balance": {"more_than": "x"}, "debt_guard": "?"}, safety={"canary": 0}
    )
    assert {field for field, _ in found} == {
        "colour",
        "criteria.balance.more_than",
        "criteria.debt_guard",
        "safety.canary",
    }


def test_binding_periods_need_in_binding():
    make_account()
    make_subscription()
    make_term(binding_period="year")
    periods = {"binding_periods": ["year"]}
    for state in ("any", "out_of_binding"):
        found = problems(criteria={**periods, "binding_state": state})
        assert found == {("criteria.binding_periods", "binding_periods_without_binding")}
    define(criteria={**periods, "binding_state": "in_binding"})


def test_a_threshold_has_no_more_digits_than_any_account_s_currency():
    make_account("YEN", currency="JPY")
    assert problems(criteria={"balance": {"more_than": "1.5"}}) == {("criteria.balance", "over_precise")}
    define(criteria={"balance": {"more_than": "1.00"}})


def test_the_same_content_changes_nothing():
    define(description="x")
    before = latest(find("NGC")).updated_at, latest(find("NGC")).pk
    again = apply_definition({**BASE, "description": "x", "safety": NO_BRAKE})
    assert again.changed == "unchanged"
    assert (latest(find("NGC")).updated_at, latest(find("NGC")).pk) == before


def test_renaming_belongs_to_all_versions_and_makes_no_new_one():
    run_now(define())
    applied = apply_definition({**BASE, "name": "Nightly cut", "alternative_code": "NGC", "safety": NO_BRAKE})
    assert (applied.changed, applied.version) == ("renamed", 1)
    assert find("NGC").name == "Nightly cut"


def test_name_in_use_kind_fixed_and_unknown_kind():
    define()
    define("Other", alternative_code="OTH")
    for content, code in (
        ({**BASE, "alternative_code": "OTH"}, "name_in_use"),
        ({**BASE, "alternative_code": "NEW"}, "name_in_use"),
        ({**BASE, "kind": "activate_settled"}, "kind_fixed"),
        ({**BASE, "kind": "tax_audit"}, "unknown_run_kind"),
    ):
        with pytest.raises(Refused) as refused:
            apply_definition(content)
        assert refused.value.code == code


def test_versions_are_compared_field_by_field_and_the_old_one_is_kept():
    run_now(define(criteria={"grace_period_end_days": 1}))
    applied = apply_definition(
        {**BASE, "criteria": {"grace_period_end_days": 2}, "safety": {**NO_BRAKE, "max_affected": 7}}
    )
    assert applied.version == 2
    one, two = version(find("NGC"), 1), version(find("NGC"), 2)
    assert differences(one.content, two.content) == [
        ("criteria.grace_period_end_days", 1, 2),
        ("safety.max_affected", 1_000_000, 7),
    ]
    # Version 2 has no run yet: it is edited in place.
    assert apply_definition({**BASE, "safety": {"max_affected": 8}}).version == 2


def test_submitting_a_new_version_supersedes_the_plan_of_the_old_one():
    define(schedule=DAILY)
    first = submit("NGC")
    assert submit("NGC").pk == first.pk
    apply_definition({**BASE, "schedule": DAILY, "description": "new"})
    second = submit("NGC")
    first.refresh_from_db()
    assert (first.state, first.code) == ("cancelled", "superseded")
    assert (second.state, second.version.version, second.planned_at) == ("draft", 2, first.planned_at)


def test_a_definition_made_not_effective_lets_its_planned_run_end_cancelled():
    define()
    planned = submit("NGC")
    set_definition_state("NGC", DefinitionState.NOT_EFFECTIVE)
    tick()
    planned.refresh_from_db()
    assert (planned.state, planned.code) == ("cancelled", "definition_not_effective")
    assert Run.objects.count() == 1


def test_scheduled_date_is_the_latest_of_executed_and_planned():
    define(schedule=DAILY)
    assert scheduled_date(find("NGC")) is None
    run_now("NGC")
    assert scheduled_date(find("NGC")) == R
    submit("NGC")
    assert scheduled_date(find("NGC")).isoformat() == "2015-03-11"


def test_unified_code_is_found_too_and_an_approver_edits_nothing():
    define()
    assert find(find("NGC").unified_code).alternative_code == "NGC"
    with acting_as("anna"), pytest.raises(Refused) as refused:
        define("Second")
    assert refused.value.code == "not_permitted"
    with pytest.raises(Refused) as refused:
        find("nothing")
    assert refused.value.code == "unknown_definition"


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ({"method": "at", "at": "2015-03-10 11:59:59"}, "at_in_the_past"),
        (
            {"method": "repeat", "start": "2015-01-01", "every": 1, "unit": "days", "end": "2015-03-10"},
            "no_occurrence",
        ),
        ({"method": "advanced", "start": "2015-01-01", "rule": "FREQ=DAILY;COUNT=3"}, "no_occurrence"),
    ],
)
def test_a_schedule_without_an_occurrence_to_come_is_refused(schedule, code):
    define(schedule=schedule)
    with pytest.raises(Refused) as refused:
        submit("NGC")
    assert refused.value.code == code
    assert not Run.objects.exists()
