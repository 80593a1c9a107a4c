"""What happens between the freeze and the batches, outside every clock: about 1.6 % of the list is no longer right.

The same accounts and subscriptions for ours and for every peer, chosen by their numbers.
"""

import os

from benchmarks.base import DAY, NOON, hashed
from benchmarks.engines import Hand


def disturb(hand: Hand) -> None:
    account = hashed(21).replace("i *", "account_id *")
    owner = hashed(21).replace("i *", "id *")
    subscription = hashed(22).replace("i *", "id *")
    hand.begin()
    for statement in (
        # debts are settled
        f"UPDATE receivables_openitem SET unsettled_minor = 0 WHERE {account} % 1000 < 6 AND unsettled_minor > 0",
        # ... or disputed
        f"UPDATE receivables_openitem SET disputed = :yes WHERE {account} % 1000 BETWEEN 6 AND 7 "
        "AND unsettled_minor > 0",
        # accounts are suspended, or promise to pay
        f"UPDATE receivables_account SET life_cycle_state = 'suspended' WHERE {owner} % 1000 BETWEEN 8 AND 9",
        f"UPDATE receivables_account SET on_hold_until = :day WHERE {owner} % 1000 BETWEEN 10 AND 11",
        # subscriptions rest, by an action of their own
        f"UPDATE subscriptions_subscription SET life_cycle_state = 'resting', grace_open = :no, revision = 2 "
        f"WHERE {subscription} % 1000 < 4 AND life_cycle_state = 'effective'",
        f"""
        INSERT INTO subscriptions_subscriptionaction (subscription_id, revision, behaviour, state, from_state,
            to_state, grace_was_open, grace_open, grace_start_on, grace_end_on, quantity, value, reason_code, reason,
            rejection, requested_by, requested_at, executed_at, executed_on)
        SELECT id, 2, 'rest_subscription', 'executed', 'effective', 'resting', grace_start_on IS NOT NULL, :no,
            grace_start_on, grace_end_on, quantity, '', '', '', '', 'load', :noon, :noon, :day
        FROM subscriptions_subscription WHERE {subscription} % 1000 < 4 AND life_cycle_state = 'resting'
        """,
    ):
        hand.run(statement, parameters(hand.engine, statement))
    hand.commit()


def parameters(engine: str, statement: str) -> dict:
    noon = NOON if engine == "postgresql" else NOON.strftime("%Y-%m-%d %H:%M:%S")
    day = DAY if engine == "postgresql" else DAY.isoformat()
    every = {"yes": True, "no": False, "day": day, "noon": noon}
    return {name: value for name, value in every.items() if f":{name}" in statement}


if __name__ == "__main__":
    disturb(Hand(os.environ["LAPWING_DATABASE_URL"]))
