"""The preview's counts by hand: the judged list in a temporary table, then one grouping after the other.

`python -m benchmarks.peers.preview_by_hand`
"""

import json
import os
import time

from benchmarks.peers.run_by_hand import PENDING, Script

SUMS = """
    COALESCE(SUM(o.unsettled_minor), 0) AS balance,
    COALESCE(SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day), 0) AS overdue,
    COALESCE(SUM(o.unsettled_minor) FILTER (WHERE o.due_on < :day AND NOT o.disputed), 0) AS counting
"""
JUDGED = """
    CREATE TEMPORARY TABLE judged AS
    SELECT subject, owner, balance AS minor, currency, label, type, plan, rating, classification, CASE
        WHEN account_state <> 'active' THEN 'account_not_active'
        WHEN never_disconnect THEN 'never_disconnect'
        WHEN on_hold_until >= :day OR promise_until >= :day THEN 'on_hold'
        WHEN overdue > 0 AND counting = 0 THEN 'disputed'
        WHEN counting <= 0 THEN 'nothing_overdue'
        WHEN pending >= counting THEN 'payment_in_flight'
        WHEN reactivated_on > :since THEN 'recently_reactivated' ELSE '' END AS verdict
    FROM (
        SELECT s.id AS subject, s.account_id AS owner, a.currency, a.customer_id AS label,
               s.subscription_type_id AS type, t.price_plan_id AS plan, a.credit_rating_id AS rating,
               a.classification_id AS classification, a.life_cycle_state AS account_state, s.never_disconnect,
               a.on_hold_until, a.promise_until, s.reactivated_on, {pending} AS pending, {sums}
        FROM subscriptions_subscription s
        {join} receivables_account a ON a.id = s.account_id
        {join} subscriptions_billingterm t ON t.subscription_id = s.id AND t.price_plan_id IN (1, 2, 3, 4)
            AND t.valid_from <= :day AND (t.valid_to IS NULL OR t.valid_to >= :day)
        {join} receivables_openitem o ON o.account_id = a.id AND o.unsettled_minor > 0
        WHERE s.life_cycle_state = 'effective' AND NOT s.free AND s.grace_open
          AND {plus}s.grace_end_on BETWEEN :window AND :day
        GROUP BY {group}
        HAVING SUM(o.unsettled_minor) >= CASE a.currency WHEN 'JPY' THEN 10 ELSE 1000 END
    ) figures
"""
FORMS = {
    "postgresql": {"join": "JOIN", "plus": "", "group": "s.id, a.id, t.id"},
    "sqlite": {"join": "CROSS JOIN", "plus": "+", "group": "s.id"},
}
FACETS = {
    "type": "catalog_subscriptiontype",
    "plan": "catalog_priceplan",
    "rating": "receivables_creditrating",
    "classification": "receivables_classification",
}
PER_FACET = """
    SELECT c.code, currency, CAST(SUM(subjects) AS BIGINT), COUNT(*), CAST(SUM(minor) AS BIGINT)
    FROM (SELECT {facet} AS facet, owner, currency, COUNT(*) AS subjects, MAX(minor) AS minor FROM judged
          WHERE verdict = '' GROUP BY {facet}, owner, currency) each_owner
    LEFT JOIN {catalog} c ON c.id = facet GROUP BY c.code, currency
"""


def main() -> None:
    script = Script(os.environ["LAPWING_DATABASE_URL"], batch_size=1)
    words = FORMS[script.hand.engine]
    before = time.perf_counter()
    script.run(JUDGED.format(pending=PENDING, sums=SUMS, **words))
    verdicts = dict(script.run("SELECT verdict, COUNT(*) FROM judged GROUP BY verdict").fetchall())
    amounts = script.run(
        "SELECT currency, COUNT(*), CAST(SUM(minor) AS BIGINT) FROM (SELECT owner, currency, MAX(minor) AS minor "
        "FROM judged WHERE verdict = '' GROUP BY owner, currency) owned GROUP BY currency"
    ).fetchall()
    by: dict = {}
    for facet, catalog in FACETS.items():
        for code, currency, subjects, owners, minor in script.run(
            PER_FACET.format(facet=facet, catalog=catalog)
        ):
            entry = by.setdefault(facet, {}).setdefault(
                code or "", {"would_do": 0, "accounts": 0, "amount_minor": {}}
            )
            entry["would_do"] += subjects
            entry["accounts"] += owners
            entry["amount_minor"][currency] = minor
    script.run(
        "SELECT s.number, minor, currency FROM judged JOIN subscriptions_subscription s ON s.id = subject "
        "JOIN customers_customer c ON c.id = label WHERE verdict = '' ORDER BY c.name, subject LIMIT 20"
    ).fetchall()
    took = time.perf_counter() - before
    found = {
        "selected": sum(verdicts.values()),
        "would_do": verdicts.get("", 0),
        "would_skip": {code: n for code, n in verdicts.items() if code not in {"", "account_not_active"}},
        "would_error": {code: n for code, n in verdicts.items() if code == "account_not_active"},
        "accounts": sum(owners for _, owners, _ in amounts),
        "amount_minor": {currency: minor for currency, _, minor in amounts},
        "by": by,
    }
    print(json.dumps({"seconds": took, "found": found}))


if __name__ == "__main__":
    main()
