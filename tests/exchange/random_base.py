"""A random base as files, with names that no parser likes, then changed by actions as an operator would."""

import random
from datetime import date, timedelta

from lapwing.core.money import to_text

from .samples import as_csv

NASTY = (
    "Ada, Byron", 'the "quick"', "two\nlines", "lone\rreturn", "CR\rLF\r\nend\n", "=HYPERLINK(1)", "+1", "-2", "@x",
    "Ærø 東京 🦆", " blank ",
    "\ttab", "'", '"', "\ufeffbom", "a\x85b", "\u2028", ";", "",
)  # fmt: skip
NUMBERS = ("", "=", "+", "-", "@", "é", "Z", "a", "_", '"', "1,", "٣", "🦆")
CURRENCIES = ("EUR", "JPY", "KWD")
STATES = (
    "draft", "effective", "not_effective", "short_term_effective", "short_term_not_effective", "resting",
    "cancelled",
    "regretted", "replaced",
)  # fmt: skip
FREQUENCIES = ("monthly", "annual", "three_years")
RATINGS = ("AAA", "C", "")
Rows = list[dict[str, str]]


def _day(rng: random.Random, low: int = 0, high: int = 400) -> str:
    return (date(2014, 1, 1) + timedelta(days=rng.randint(low, high))).isoformat()


def random_files(rng: random.Random) -> dict[str, str]:
    def numbers(prefix: str, most: int) -> list[str]:
        return [f"{rng.choice(NUMBERS)}{prefix}{n}" for n in range(rng.randint(1, most))]

    def some(value: str) -> str:
        return value if rng.random() < 0.6 else ""

    customers: Rows = [
        {
            "number": number,
            "name": rng.choice(NASTY),
            "kind": rng.choice(("person", "organisation", "")),
            "email": some("+a@b"),
            "country": some("GB"),
            "language": some("da"),
            "tax_id": some("=1"),
        }
        for number in numbers("C", 6)
    ]
    accounts: Rows = [
        {
            "number": number,
            "customer": rng.choice(customers)["number"],
            "currency": rng.choice(CURRENCIES),
            "classification": some(rng.choice(("home", "=biz, 2"))),
            "credit_rating": rng.choice(RATINGS),
            "credit_limit": rng.choice(("", "0", "100", "20")),
            "state": rng.choice(("active", "active", "suspended", "terminated")),
            "on_hold_until": some(_day(rng)),
        }
        for number in numbers("A", 6)
    ]
    subscriptions, terms = _subscriptions(rng, accounts, numbers("S", 10))
    invoices, payments = _money(rng, accounts, numbers("I", 14), numbers("P", 14))
    rows = {
        "customers": customers,
        "accounts": accounts,
        "subscriptions": subscriptions,
        "billing_terms": terms,
        "invoices": invoices,
        "payments": payments,
    }
    return {name: as_csv(name, of_one) for name, of_one in rows.items()}


def _subscriptions(rng: random.Random, accounts: Rows, numbers: list[str]) -> tuple[Rows, Rows]:
    subscriptions, terms = [], []
    for number in numbers:
        grace = rng.random() < 0.4
        subscriptions.append(
            {
                "number": number,
                "account": rng.choice(accounts)["number"],
                "type": rng.choice(("tv", "fibre")),
                "state": rng.choice(STATES),
                "product": rng.choice(("", "router")),
                "quantity": str(rng.choice((1, 7, 10**9))),
                "provider": "",
                "free": rng.choice(("true", "false", "")),
                "grace_start": _day(rng, 0, 100) if grace else "",
                "grace_end": _day(rng, 100, 500) if grace else "",
            }
        )
        for step in range(rng.randint(0, 3)):
            bound = rng.choice(("", "x"))
            terms.append(
                {
                    "subscription": number,
                    "scheme": "postpaid",
                    "price_plan": rng.choice(("basic", "plus")),
                    "frequency": rng.choice(FREQUENCIES),
                    "binding_period": rng.choice(("", "one_year")) if bound else "",
                    "binding_start": _day(rng, 0, 100) if bound else "",
                    "binding_end": rng.choice(("", _day(rng, 100, 900))) if bound else "",
                    "valid_from": _day(rng, step * 100, step * 100 + 40),
                    "valid_to": "" if step == 2 else _day(rng, step * 100 + 40, step * 100 + 99),
                }
            )
    rng.shuffle(terms)
    return subscriptions, terms


def _money(
    rng: random.Random, accounts: Rows, numbers: list[str], references: list[str]
) -> tuple[Rows, Rows]:
    invoices, payments = [], []
    for number in numbers:
        account = rng.choice(accounts)
        invoices.append(
            {
                "number": number,
                "account": account["number"],
                "issued_on": _day(rng, 0, 200),
                "due_on": _day(rng, 200, 500),
                "currency": account["currency"],
                "total": to_text(rng.randint(0, 500), account["currency"]),
                "disputed": rng.choice(("true", "false", "")),
            }
        )
    for reference in references:
        account = rng.choice(accounts)
        own = [row["number"] for row in invoices if row["account"] == account["number"]]
        payments.append(
            {
                "reference": reference,
                "account": account["number"],
                "received_on": _day(rng),
                "currency": account["currency"],
                "amount": to_text(rng.randint(1, 500), account["currency"]),
                "invoice": rng.choice([*own, ""]),
            }
        )
    return invoices, payments
