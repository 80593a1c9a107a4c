"""A customer who has paid is not cut off: payments and protections race the batch on the same account."""

import pytest

from tests.faults.racing import Race, race
from tests.faults.stage import DEBTORS, dose

PAYMENTS = 1000


def test_customer_whose_payment_committed_before_the_action_is_never_deactivated(stage, tell):
    result = Race()
    for turn in range(PAYMENTS // DEBTORS):
        race(stage, result, "pay", seed=f"pay {turn}", frozen=turn % 5 != 0)
        assert result.found == []
    tell(
        f"{stage.database.label}, payments racing the batch: {result.total}; {result.before} committed before the "
        f"action, {result.after} after it; {result.wronged} deactivated although paid (bound 3/{result.before}); "
        + ", ".join(f"{code} {count}" for code, count in sorted(result.saved_by.items()))
    )
    assert result.total == PAYMENTS
    assert result.before >= PAYMENTS // 10 and result.after >= PAYMENTS // 10


@pytest.mark.parametrize("what", ["announce", "hold", "dispute"])
def test_account_protected_before_the_action_is_left_alone(stage, tell, what):
    result = Race()
    for turn in range(dose(1, 10)):
        race(stage, result, what, seed=f"{what} {turn}")
        assert result.found == []
    tell(
        f"{stage.database.label}, {what} racing the batch: {result.total}; {result.before} before the action, "
        f"{result.after} after it; {result.wronged} deactivated all the same"
    )
    assert result.before >= 5 and result.after >= 5
