"""The acceptance tables of the domain rules: each row a test with its number in its name. R is 2015-03-10."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lapwing.catalog.models import ActionType
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Invalid, Refused
from lapwing.receivables.actions.post_payment import post_payment
from lapwing.receivables.models import Account, OpenItem
from lapwing.receivables.queries import account, balance_minor, outstanding_minor
from lapwing.runs.actions.apply_definition import apply_definition
from lapwing.runs.actions.change_definition import delete_definition, set_definition_state
from lapwing.runs.actions.start_run import start_run
from lapwing.runs.actions.steer_run import delete_run
from lapwing.runs.actions.submit import submit
from lapwing.runs.assignments import assignment_on
from lapwing.runs.definitions import find, latest, version
from lapwing.runs.execution import carry_on, conduct
from lapwing.runs.freeze import freeze
from lapwing.runs.kinds import kinds
from lapwing.runs.models import Definition, Run
from lapwing.runs.outcomes import counts
from lapwing.runs.scheduling import fire_due
from lapwing.runs.states import DefinitionState
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import SubscriptionAction
from tests.conftest import NOON, R
from tests.world import (
    define,
    faults,
    in_debt,
    make_account,
    make_subscription,
    outcome_of,
    owe,
    run_now,
    state_of,
)

pytestmark = pytest.mark.usefixtures("sandbox")


def day(number: int) -> date:
    return date(2015, 3, number)


def explain(code: str, number: str, on: date = R):
    definition = find(code)
    return kinds.get(definition.kind).explain(assignment_on(definition, on), number)


@pytest.mark.parametrize(
    ("row", "grace_end", "days", "deactivated"),
    [
        ("G1", day(10), None, True),
        ("G2", day(9), None, False),
        ("G3", day(11), None, False),
        ("G3", day(11), 5, False),
        ("G4", day(9), 1, True),
        ("G5", day(5), 5, True),
        ("G6", day(4), 5, False),
    ],
)
def test_grace_window(row, grace_end, days, deactivated):
    in_debt(1, grace_end=grace_end)
    criteria = {} if days is None else {"grace_period_end_days": days}
    run = run_now(define(criteria=criteria))
    assert run.state == "completed"
    assert outcome_of(run) == ({"S1": ("done", None)} if deactivated else {})
    assert state_of("S1") == ("not_effective" if deactivated else "effective")
    assert faults() == []


def test_g8_extended_grace_waits_for_its_new_end():
    in_debt(1)
    perform("S1", "extend_grace_period", until=day(20))
    define()
    assert outcome_of(run_now()) == {}
    with clock.standing_at(NOON + timedelta(days=10)):
        assert outcome_of(run_now()) == {"S1": ("done", None)}


def test_g9_debt_settled_the_day_before_is_explained():
    in_debt(1)
    with acting_as("root"):
        post_payment("A1", 5000, reference="P1", received_on=day(9))
    define()
    assert outcome_of(run_now()) == {}
    told = explain("NGC", "S1")
    assert not told.selected
    assert [check.name for check in told.criteria if not check.passed] == ["unsettled"]


def test_g10_a_deactivated_one_is_not_selected_again():
    in_debt(1)
    perform("S1", "deactivate_subscription")
    define()
    assert outcome_of(run_now()) == {}
    assert SubscriptionAction.objects.filter(behaviour="deactivate_subscription").count() == 1


@pytest.mark.parametrize(
    ("guard", "outcome"), [("overdue", ("skipped", "nothing_overdue")), ("unsettled", ("done", None))]
)
def test_g12_only_an_invoice_not_yet_due_is_open(guard, outcome):
    make_account()
    owe(due=day(25))
    make_subscription()
    assert outcome_of(run_now(define(criteria={"debt_guard": guard}))) == {"S1": outcome}


@pytest.fixture
def two_invoices(sandbox):
    """I1 of 100.00 with 60.00 paid, due 03-01; I2 of 60.00 unpaid, due 03-25."""
    make_account()
    owe(minor=10_000, due=day(1), number="I1")
    with acting_as("root"):
        post_payment("A1", 6000, reference="P1", invoice_number="I1")
    owe(minor=6000, due=day(25), number="I2")
    make_subscription()


def matches(criterion: str, **value) -> bool:
    """Whether the one criterion holds for S1; and that selection and explanation say the same."""
    code = define(
        name=f"try {criterion} {sorted(value.items())}"[:60],
        criteria={criterion: value, "debt_guard": "unsettled"},
    )
    told = explain(code, "S1")
    passed = next(check.passed for check in told.criteria if check.name == criterion)
    definition = find(code)
    selected = kinds.get(definition.kind).select(assignment_on(definition, R))
    assert selected.exists() == passed == told.selected
    Definition.objects.filter(pk=definition.pk).delete()
    return passed


@pytest.mark.usefixtures("two_invoices")
class TestAmounts:
    def test_a1_balance(self):
        assert balance_minor(account("A1")) == 10_000
        assert matches("balance", more_than="100")
        assert not matches("balance", less_than="100")

    def test_a5_outstanding_without_shift(self):
        assert outstanding_minor(account("A1"), R) == 4000
        assert matches("outstanding", more_than="40")
        assert not matches("outstanding", more_than="40.01")

    @pytest.mark.parametrize(
        ("row", "shift", "figure"),
        [
            ("A6", {"due_in_days": 15}, "40.00"),
            ("A7", {"due_in_days": 16}, "100.00"),
            ("A8", {"due_days_ago": 8}, "40.00"),
        ],
    )
    def test_a6_a7_a8_outstanding_with_shift(self, row, shift, figure):
        assert matches("outstanding", more_than=figure, **shift)
        assert not matches("outstanding", less_than=figure, **shift)

    def test_a9_nothing_was_due_nine_days_ago(self):
        assert matches("outstanding", less_than="0.01", due_days_ago=9)
        assert not matches("outstanding", more_than="0.01", due_days_ago=9)

    def test_a12_a_payment_that_names_no_invoice(self):
        with acting_as("root"):
            post_payment("A1", 7000, reference="P2")
        unsettled = dict(OpenItem.objects.values_list("number", "unsettled_minor"))
        assert unsettled == {"I1": 0, "I2": 3000}
        assert balance_minor(account("A1")) == 3000
        assert outstanding_minor(account("A1"), R) == 0


def test_v1_code_is_made_of_the_initials():
    applied = apply_definition({"kind": "deactivate_in_grace", "name": "Nightly grace cut"})
    assert (applied.definition.alternative_code, applied.version) == ("NGC", 1)


def test_v2_a_derived_code_in_use_is_refused():
    define()
    with pytest.raises(Refused) as refused:
        define("Northern gas customers")
    assert refused.value.code == "code_in_use"


def test_v3_edited_before_any_run_in_place():
    define()
    applied = apply_definition(
        {"kind": "deactivate_in_grace", "name": "Nightly grace cut", "description": "new"}
    )
    assert (applied.version, applied.changed) == (1, "edited")
    assert latest(find("NGC")).content["description"] == "new"


def test_v4_submitted_then_edited_is_version_2():
    define(schedule={"method": "at", "at": "2015-03-11 02:00"})
    planned = submit("NGC")
    before = version(find("NGC"), 1).content
    unified = find("NGC").unified_code
    applied = apply_definition(
        {"kind": "deactivate_in_grace", "name": "Nightly grace cut", "description": "new"}
    )
    assert (applied.version, applied.changed) == (2, "new_version")
    assert applied.definition.unified_code == unified
    assert version(find("NGC"), 1).content == before
    assert Run.objects.get(pk=planned.pk).version.version == 1


def test_v5_planned_run_keeps_a_definition_until_it_is_deleted():
    define(schedule={"method": "at", "at": "2015-03-11 02:00"})
    planned = submit("NGC")
    with pytest.raises(Refused) as refused:
        delete_definition("NGC")
    assert refused.value.code == "definition_has_runs"
    delete_run(planned.pk)
    delete_definition("NGC")
    assert not Definition.objects.exists()


def test_v6_completed_run_keeps_a_definition_for_ever():
    run = run_now(define())
    with pytest.raises(Refused) as refused:
        delete_definition("NGC")
    assert refused.value.code == "definition_has_runs"
    with pytest.raises(Refused) as refused:
        delete_run(run.pk)
    assert refused.value.code == "run_not_draft"


def test_v7_submit_while_not_effective():
    define()
    set_definition_state("NGC", DefinitionState.NOT_EFFECTIVE)
    with pytest.raises(Refused) as refused:
        submit("NGC")
    assert refused.value.code == "definition_not_effective"


def test_v9_own_action_type_must_be_chosen():
    own = ActionType(code="non_payment", name="Non-payment", behaviour="deactivate_subscription")
    own.save()
    with pytest.raises(Invalid) as refused:
        define()
    assert [problem.code for problem in refused.value.problems] == ["action_type_missing"]
    in_debt(1)
    run_now(define(action_type="non_payment"))
    assert SubscriptionAction.objects.get(behaviour="deactivate_subscription").action_type == own


@pytest.mark.parametrize("schedule", [{"method": "now"}, {"method": "at", "at": "2015-03-11 02:00"}])
def test_v11_throttling_needs_repetition(schedule):
    with pytest.raises(Invalid) as refused:
        define(schedule=schedule, throttle={"max_batch_size": 100})
    assert [problem.code for problem in refused.value.problems] == ["throttle_without_repetition"]


def test_r1_throttled_in_three_batches():
    in_debt(250)
    schedule = {"method": "repeat", "start": "2015-03-11 02:00", "every": 1, "unit": "days"}
    wait = {"value": 10, "unit": "minutes"}
    with clock.standing_at(NOON):
        define(
            schedule=schedule,
            throttle={"max_batch_size": 100, "start_again_after": wait},
            criteria={"grace_period_end_days": 1},
        )
        submit("NGC")
    done = []
    for minute in (0, 5, 10, 19, 20, 30):
        at = datetime(2015, 3, 11, 2, minute, tzinfo=UTC)
        with clock.standing_at(at):
            fire_due()
            run = Run.objects.exclude(state="draft").get()
            waits = carry_on(run.pk)
            done.append((minute, counts(run)["done"], waits.at.minute if waits else None))
    assert done == [
        (0, 100, 10),
        (5, 100, 10),
        (10, 200, 20),
        (19, 200, 20),
        (20, 250, None),
        (30, 250, None),
    ]
    assert [batch.items for batch in run.batches.order_by("pk")] == [100, 100, 50]
    actions = SubscriptionAction.objects.filter(run_id=run.pk)
    assert actions.values("subscription").distinct().count() == actions.count() == 250
    assert faults() == []


def test_r2_one_error_does_not_hold_back_the_others():
    in_debt(3)
    Account.objects.filter(number="A2").update(life_cycle_state="suspended")
    run = run_now(define())
    assert run.state == "completed"
    assert counts(run) == {"selected": 3, "done": 2, "skipped": 0, "errors": 1, "pending": 0}
    assert outcome_of(run)["S2"] == ("error", "account_not_active")
    assert state_of("S2") == "effective"


def test_r4_no_candidates():
    run = run_now(define())
    assert run.state == "completed"
    assert counts(run)["selected"] == 0


def test_r6_run_twice_selects_nothing_the_second_time():
    in_debt(3)
    define()
    assert counts(run_now())["done"] == 3
    assert counts(run_now())["selected"] == 0


def test_r7_payment_between_selection_and_action_saves_the_subscription():
    in_debt(2)
    run = start_run(define())
    freeze(run.pk)
    with acting_as("root"):
        post_payment("A1", 5000, reference="P1")
    conduct(run.pk)
    assert outcome_of(run) == {"S1": ("skipped", "settled_since_selection"), "S2": ("done", None)}
    assert state_of("S1") == "effective"
    assert faults() == []
