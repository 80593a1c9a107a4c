"""Derives import files from the real invoices in source.csv, as they were known on one date.

    python examples/receivables/derive.py --as-of 2013-05-10 --out DIR
    python examples/receivables/derive.py --as-of 2013-05-17 --since 2013-05-10 --out DIR

The first form writes everything known on the date. The second writes only what is new since an earlier date,
and beside DIR a file DIR.grace.csv, the grace to be granted on the date, which no import reads.
The rules are stated in README.md, next to this file. Standard library only.
"""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

SOURCE = Path(__file__).with_name("source.csv")
CURRENCY = "USD"  # the source names none
GRACE = timedelta(days=14)
MEDIUM_FROM, LARGE_FROM = Decimal(50), Decimal(65)  # of the customer's first invoice
RATING_BELOW = {  # average days late of what the customer paid so far
    "AAA": Decimal("0.5"), "AA": 1, "A": 2, "BAA": 3, "BA": 4, "B": 6, "CAA": 8, "CA": 11,
}  # fmt: skip
WORST_RATING = "C"

COLUMNS = {
    "customers": "number name kind email country language tax_id",
    "accounts": "number customer currency classification credit_rating credit_limit state on_hold_until",
    "subscriptions": "number account type state product quantity provider free grace_start grace_end",
    "billing_terms": "subscription scheme price_plan frequency binding_period binding_start binding_end"
    " valid_from valid_to",
    "invoices": "number account issued_on due_on currency total disputed",
    "payments": "reference account received_on currency amount invoice",
    "grace": "subscription grace_start grace_end",
}


@dataclass(frozen=True)
class Invoice:
    number: str
    customer: str
    country_code: str
    paperless_from: date
    issued_on: date
    due_on: date
    settled_on: date
    amount: Decimal
    disputed: bool

    def overdue(self, day: date) -> bool:
        return self.due_on < day < self.settled_on


def derive(as_of: date, since: date | None = None, provider: str = "") -> dict[str, list[tuple[str, ...]]]:
    """Returns the rows of each file. With `since`, only rows that were not known on that date."""
    files = {name: [] for name in COLUMNS if name != "grace" or since}
    for invoices in read_source().values():
        known = [invoice for invoice in invoices if invoice.issued_on <= as_of]
        if not known:
            continue
        if since is None or known[0].issued_on > since:
            add_customer(files, known, as_of, provider)
        elif start := newly_overdue(known, as_of, since):
            files["grace"] += [(number, *grace(start)) for number, _, _ in subscriptions(known[0])]
        add_money(files, known, as_of, since or date.min)
    return {name: sorted(rows) for name, rows in files.items()}


def add_customer(files: dict, known: list[Invoice], as_of: date, provider: str) -> None:
    first = known[0]
    name = f"Customer {first.customer} (source country code {first.country_code})"
    files["customers"].append((first.customer, name, "organisation", "", "", "", ""))
    number, paperless = account(first.customer), first.paperless_from < as_of
    classification = "electronic" if paperless else "paper"
    terms = (CURRENCY, classification, rating(known, as_of), "", "active", "")
    files["accounts"].append((number, first.customer, *terms))
    start = oldest_overdue(known, as_of)
    interval = grace(start) if start else ("", "")
    for subscription, kind, plan in subscriptions(first):
        row = (subscription, number, kind, "effective", kind, "1", provider, "false", *interval)
        files["subscriptions"].append(row)
        term = (subscription, "postpaid", plan, "monthly", "", "", "", first.issued_on.isoformat(), "")
        files["billing_terms"].append(term)


def add_money(files: dict, known: list[Invoice], as_of: date, since: date) -> None:
    for invoice in known:
        number, owner, amount = invoice.number, account(invoice.customer), decimal(invoice.amount)
        if invoice.issued_on > since:
            dates = (invoice.issued_on.isoformat(), invoice.due_on.isoformat())
            disputed = "true" if invoice.disputed else "false"
            files["invoices"].append((number, owner, *dates, CURRENCY, amount, disputed))
        if since < invoice.settled_on <= as_of:
            settled_on = invoice.settled_on.isoformat()
            files["payments"].append((f"PAY-{number}", owner, settled_on, CURRENCY, amount, number))


def account(customer: str) -> str:
    return f"A-{customer}"


def subscriptions(first: Invoice) -> list[tuple[str, str, str]]:
    """Number, type and price plan. Depends on the first invoice alone, so it is the same on every date."""
    plan = "large" if first.amount >= LARGE_FROM else "medium" if first.amount >= MEDIUM_FROM else "small"
    rows = [(f"S-{first.customer}-1", "main", plan)]
    return [*rows, (f"S-{first.customer}-2", "addon", "addon")] if plan == "large" else rows


def oldest_overdue(known: list[Invoice], as_of: date) -> date | None:
    return min((invoice.due_on for invoice in known if invoice.overdue(as_of)), default=None)


def newly_overdue(known: list[Invoice], as_of: date, since: date) -> date | None:
    """The oldest due date that passed unpaid, if it had not passed on the earlier date."""
    start = oldest_overdue(known, as_of)
    return start if start and start >= since else None


def grace(start: date) -> tuple[str, str]:
    return start.isoformat(), (start + GRACE).isoformat()


def rating(known: list[Invoice], as_of: date) -> str:
    late = [max((i.settled_on - i.due_on).days, 0) for i in known if i.settled_on <= as_of]
    if not late:
        return ""
    average = Decimal(sum(late)) / len(late)
    return next((code for code, below in RATING_BELOW.items() if average < below), WORST_RATING)


def read_source() -> dict[str, list[Invoice]]:
    """The invoices of each customer, by date and number."""
    found = defaultdict(list)
    with SOURCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            issued_on, due_on, settled_on, paperless_from = (
                datetime.strptime(row[column], "%m/%d/%Y").date()
                for column in ("InvoiceDate", "DueDate", "SettledDate", "PaperlessDate")
            )
            invoice = Invoice(
                number=row["invoiceNumber"],
                customer=row["customerID"],
                country_code=row["countryCode"],
                paperless_from=paperless_from,
                issued_on=issued_on,
                due_on=due_on,
                settled_on=settled_on,
                amount=Decimal(row["InvoiceAmount"]),
                disputed=row["Disputed"] == "Yes",
            )
            found[invoice.customer].append(invoice)
    return {customer: sorted(rows, key=lambda i: (i.issued_on, i.number)) for customer, rows in found.items()}


def decimal(amount: Decimal) -> str:
    """55.90 as 55.9, 60.00 as 60."""
    return f"{amount.normalize():f}"


def write(files: dict, out: Path) -> None:
    """Writes the files that have rows; the grace always, where it belongs, so that it can be looped over."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        path = out.with_name(f"{out.name}.grace.csv") if name == "grace" else out / f"{name}.csv"
        path.unlink(missing_ok=True)
        if not rows and name != "grace":
            continue
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS[name].split(), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description="Derive import files from source.csv.")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="the date of knowledge")
    parser.add_argument("--since", type=date.fromisoformat, help="write only what is new since this date")
    parser.add_argument("--provider", default="", help="who delivers the subscriptions; default nobody")
    parser.add_argument("--out", type=Path, required=True, help="directory to write to")
    asked = parser.parse_args()
    if asked.since and asked.since >= asked.as_of:
        parser.error("--since must be before --as-of")
    files = derive(asked.as_of, asked.since, asked.provider)
    write(files, asked.out)
    print(f"{asked.out}: " + ", ".join(f"{len(rows)} {name}" for name, rows in files.items() if rows))


if __name__ == "__main__":
    main()
