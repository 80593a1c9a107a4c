"""Makes a base: an installation with so many subscriptions, the same rows on both databases and at every repeat.

Rows are written inside the database from their numbers by arithmetic hashing. Per 10 subscriptions there are
5 accounts, 20 invoices and 12 billing terms; subscriptions and invoices are scattered over the accounts. Each
subscription has its `opening` action. All constraints and indexes of the migrations are there when it is done.

As a module it fills the database of LAPWING_DATABASE_URL: `python -m benchmarks.base 1000000`.
"""

import os
import sys
from datetime import UTC, date, datetime

from benchmarks.engines import Hand

DAY = date(2025, 3, 10)
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
OPERATOR = "operator"
CODE = "BENCH"
DEFINITION = {
    "kind": "deactivate_in_grace",
    "name": "Benchmark grace cut",
    "alternative_code": CODE,
    "criteria": {
        "price_plans": ["plan1", "plan2", "plan3", "plan4"],
        "balance": {"more_than": "10"},
        "grace_period_end_days": 9,
    },
    "safety": {"max_affected": 10_000_000, "max_affected_percent": 100},
}
LOG = "created_at, created_by, updated_at, updated_by"

STATEMENTS = (
    f"""
INSERT INTO customers_customer (id, {LOG}, number, name, kind, email, phone, address, country, tax_id, language,
                                credit_hold)
SELECT i, {{now}}, 'load', {{now}}, 'load', 'C' || {{eight}}, 'Customer ' || i, 'person', '', '', '', 'GB', '', '',
       {{false}}
FROM {{numbers}}
""",
    f"""
INSERT INTO receivables_account (id, {LOG}, number, currency, life_cycle_state, on_hold_until, hold_reason,
                                 promise_until, customer_id)
SELECT i, {{now}}, 'load', {{now}}, 'load', 'A' || {{eight}},
       CASE WHEN {{h1}} % 100 < 80 THEN 'EUR' WHEN {{h1}} % 100 < 95 THEN 'GBP' ELSE 'JPY' END,
       CASE WHEN {{h2}} % 1000 < 2 THEN 'suspended' ELSE 'active' END,
       CASE WHEN {{h3}} % 1000 < 3 THEN {{day_plus_5}} END, '',
       CASE WHEN {{h4}} % 1000 < 3 THEN {{day_plus_5}} END, i
FROM {{numbers}}
""",
    f"""
INSERT INTO receivables_openitem (id, {LOG}, number, account_id, issued_on, due_on, total_minor, unsettled_minor,
                                  disputed, dispute_reason)
SELECT i, {{now}}, 'load', {{now}}, 'load', 'I' || {{eight}}, 1 + {{h1}} % {{accounts}}, {{day_minus_60}},
       CASE WHEN {{h2}} % 100 < 2 THEN {{day_plus_5}} ELSE {{day_minus_30}} END,
       500 + {{h3}} % 20000,
       CASE WHEN {{h4}} % 100 < 45 THEN 500 + {{h3}} % 20000 ELSE 0 END,
       {{h5}} % 100 < 1, ''
FROM {{numbers}}
""",
    f"""
INSERT INTO receivables_payment (id, {LOG}, reference, account_id, received_on, amount_minor, unallocated_minor,
                                 invoice_number, state, reason)
SELECT i, {{now}}, 'load', {{now}}, 'load', 'P' || {{eight}}, 1 + {{h1}} % {{accounts}}, {{day_minus_30}},
       500 + {{h2}} % 20000, 0, '', 'pending', ''
FROM {{numbers}}
""",
    f"""
INSERT INTO subscriptions_subscription (id, {LOG}, number, account_id, subscription_type_id, quantity, free,
                                        never_disconnect, never_disconnect_reason, life_cycle_state, grace_start_on,
                                        grace_end_on, grace_open, grace_revision, reactivated_on, revision)
SELECT i, {{now}}, 'load', {{now}}, 'load', 'S' || {{eight}}, 1 + {{h1}} % {{accounts}}, 1 + {{h2}} % 3, 1,
       {{h3}} % 100 < 3, {{h4}} % 1000 < 3, CASE WHEN {{h4}} % 1000 < 3 THEN 'hospital' ELSE '' END,
       CASE WHEN {{h5}} % 100 < 92 THEN 'effective' ELSE 'not_effective' END,
       CASE WHEN {{h6}} % 100 < 70 THEN {{day_minus_30}} END,
       CASE WHEN {{h6}} % 100 < 52 THEN {{day_minus_0_to_9}} WHEN {{h6}} % 100 < 70 THEN {{day_plus_5}} END,
       {{h6}} % 100 < 70, CASE WHEN {{h6}} % 100 < 70 THEN 1 END,
       CASE WHEN {{h7}} % 1000 < 3 THEN {{day_minus_1}} END, 1
FROM {{numbers}}
""",
    f"""
INSERT INTO subscriptions_billingterm (id, {LOG}, subscription_id, scheme_id, price_plan_id, frequency_id,
                                       valid_from, valid_to)
SELECT i, {{now}}, 'load', {{now}}, 'load',
       CASE WHEN i <= {{subscriptions}} THEN i ELSE 5 * (i - {{subscriptions}}) END,
       1, 1 + {{h1}} % 5, 1 + {{h2}} % 8,
       CASE WHEN i <= {{subscriptions}} THEN {{day_minus_60}} ELSE {{day_minus_400}} END,
       CASE WHEN i > {{subscriptions}} THEN {{day_minus_61}} WHEN {{h3}} % 100 < 1 THEN {{day_minus_1}} END
FROM {{numbers}}
""",
    """
INSERT INTO subscriptions_subscriptionaction (id, subscription_id, revision, behaviour, state, from_state, to_state,
                                              grace_was_open, grace_open, grace_start_on, grace_end_on, quantity,
                                              value, reason_code, reason, rejection, requested_by, requested_at,
                                              executed_at, executed_on)
SELECT id, id, 1, 'opening', 'executed', '', life_cycle_state, {false}, grace_open, grace_start_on, grace_end_on,
       quantity, '', 'opening', '', '', 'load', {now}, {now}, {day_minus_30}
FROM subscriptions_subscription ORDER BY id
""",
    """
INSERT INTO subscriptions_licensechangelog (id, subscription_id, revision, event, quantity_delta, quantity, active,
                                            effective_on, source, provisioning_status, provisioning_code,
                                            provisioning_message, provider_reference, billing_status, recorded_by,
                                            recorded_at)
SELECT id, id, 1, 'create', quantity, quantity, life_cycle_state IN ('effective', 'short_term_effective'),
       {day_minus_30}, 'import', 'not_applicable', '', '', '', 'active', 'load', {now}
FROM subscriptions_subscription ORDER BY id
""",
)
# How many rows of each statement, for one subscription.
SHARES = (0.5, 0.5, 2.0, 0.01, 1.0, 1.2, 1.0, 1.0)
TABLES = (
    "customers_customer",
    "receivables_account",
    "receivables_openitem",
    "receivables_payment",
    "subscriptions_subscription",
    "subscriptions_billingterm",
    "subscriptions_subscriptionaction",
    "subscriptions_licensechangelog",
)


def hashed(salt: int) -> str:
    """A number from 0 to 2**31 - 2 that follows from the row's number `i`, equal on both databases."""
    modulus = 2_147_483_647
    first = f"((i * 48271 + {salt * 7919}) % {modulus})"
    second = f"(({first} * ({first} % 65521 + {salt})) % {modulus})"
    return f"(({second} * 16807 + {first}) % {modulus} / 7)"


def fill(hand: Hand, subscriptions: int) -> None:
    """Writes all rows into a migrated database; its indexes are taken away before and put back after."""
    put_back = _take_indexes(hand)
    for statement, share in zip(STATEMENTS, SHARES, strict=True):
        hand.begin()
        hand.run(statement.format_map(_words(hand.engine, round(subscriptions * share), subscriptions)))
        hand.commit()
    for statement in put_back:
        hand.run(statement)
    if hand.engine == "postgresql":
        for table in TABLES:
            hand.run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")
        hand.run("RESET session_replication_role")
        hand.run("VACUUM ANALYZE")
    else:
        hand.run("PRAGMA wal_checkpoint(TRUNCATE)")


def _words(engine: str, rows: int, subscriptions: int) -> dict[str, str]:
    words = {f"h{salt}": hashed(salt) for salt in range(1, 8)}
    words |= {"subscriptions": str(subscriptions), "accounts": str(subscriptions // 2)}
    if engine == "sqlite":
        words["numbers"] = (
            f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n)"
        )
        words |= {"now": "'2025-01-01 12:00:00'", "false": "0", "eight": "printf('%08d', i)"}
        words |= {_day_name(days): f"date('{DAY}', '{days} days')" for days in (5, -1, -30, -60, -61, -400)}
        words["day_minus_0_to_9"] = f"date('{DAY}', '-' || ({hashed(8)} % 10) || ' days')"
    else:
        words["numbers"] = f"generate_series(1, {rows}::bigint) AS n(i)"
        words |= {
            "now": "TIMESTAMPTZ '2025-01-01 12:00:00Z'",
            "false": "FALSE",
            "eight": "lpad(i::text, 8, '0')",
        }
        words |= {_day_name(days): f"DATE '{DAY}' + ({days})" for days in (5, -1, -30, -60, -61, -400)}
        words["day_minus_0_to_9"] = f"DATE '{DAY}' - ({hashed(8)} % 10)::int"
    return words


def _day_name(days: int) -> str:
    return f"day_plus_{days}" if days > 0 else f"day_minus_{-days}"


def _take_indexes(hand: Hand) -> list[str]:
    """Drops indexes and triggers of the big tables; returns the statements that make them again, word for word."""
    if hand.engine == "sqlite":
        hand.run("PRAGMA synchronous = OFF")
        hand.run("PRAGMA foreign_keys = OFF")
        found = hand.run(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND "
            f"tbl_name IN {TABLES}"
        ).fetchall()
        for what, name, _ in found:
            hand.run(f'DROP {what} "{name}"')
        return [sql for _, _, sql in found]
    hand.run("SET session_replication_role = replica")
    hand.run("SET synchronous_commit = off")
    hand.run("SET maintenance_work_mem = '512MB'")
    constraints = hand.run(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN "
        f"('u', 'x') AND conrelid::regclass::text IN {TABLES}"
    ).fetchall()
    for table, name, _ in constraints:
        hand.run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = hand.run(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexname NOT IN (SELECT conname FROM pg_constraint) AND "
        f"tablename IN {TABLES}"
    ).fetchall()
    for name, _ in indexes:
        hand.run(f'DROP INDEX "{name}"')
    return [f'ALTER TABLE {t} ADD CONSTRAINT "{n}" {d}' for t, n, d in constraints] + [d for _, d in indexes]


def make(url: str, subscriptions: int) -> None:
    """Migrates, writes organisation, catalogue and definition through Lapwing, then all rows."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    from lapwing.catalog.models import BillingTermScheme, PricePlan, SubscriptionType
    from lapwing.catalog.seed import seed_frequencies
    from lapwing.core import clock
    from lapwing.core.context import acting_as
    from lapwing.identity.actions.init_organisation import init_organisation
    from lapwing.runs.actions.apply_definition import apply_definition

    clock.stand_at(NOON)
    init_organisation(administrator=OPERATOR, time_zone="UTC", currency="EUR", country="GB", sandbox=True)
    seed_frequencies()
    with acting_as(OPERATOR):
        for number in range(1, 6):
            PricePlan(code=f"plan{number}").save()
        for number in range(1, 4):
            SubscriptionType(code=f"type{number}").save()
        BillingTermScheme(code="usual").save()
        connection.close()
        hand = Hand(url)
        fill(hand, subscriptions)
        hand.close()
        apply_definition(DEFINITION)
    connection.close()


if __name__ == "__main__":
    make(os.environ["LAPWING_DATABASE_URL"], int(sys.argv[1]))
