"""Derives import files from the real subscribers in source.csv: the receivables are derived, not real.

    python examples/telco/derive.py --as-of 2024-06-18 --out DIR

The source tells what each subscriber has and pays a month and who churned; it has no dates, invoices or
payments. The rules that make them are stated in README.md, next to this file. Standard library only.
"""

import argparse
import csv
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

SOURCE = Path(__file__).with_name("source.csv")
CURRENCY = "USD"  # the source names none
GRACE = timedelta(days=14)
TERMS = timedelta(days=21)  # from issue to due date
LATE = timedelta(days=10)  # after the due date
REMAINDER = Decimal(5)  # what a part payer leaves of an invoice until he is late
CYCLE_DAYS = range(1, 29, 3)  # the due day of the month, by the last digit of the number in the identifier
EXTRAS = ("MultipleLines", "OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV",
          "StreamingMovies")  # fmt: skip
RATING_FROM_TENURE = {"AAA": 60, "AA": 48, "A": 36, "BAA": 24, "BA": 12, "B": 6, "CAA": 3, "CA": 1, "C": 0}
BINDING = {"Month-to-month": ("", 0), "One year": ("one_year", 12), "Two year": ("two_years", 24)}
INTERNET = {"Fiber optic": "fibre", "DSL": "dsl", "No": ""}
AUTOMATIC = ("bank_transfer", "credit_card")

COLUMNS = {
    "customers": "number name kind email country language tax_id",
    "accounts": "number customer currency classification credit_rating credit_limit state on_hold_until",
    "subscriptions": "number account type state product quantity provider free grace_start grace_end",
    "billing_terms": "subscription scheme price_plan frequency binding_period binding_start binding_end"
    " valid_from valid_to",
    "invoices": "number account issued_on due_on currency total disputed",
    "payments": "reference account received_on currency amount invoice",
}


@dataclass(frozen=True)
class Subscriber:
    row: dict[str, str]

    @property
    def id(self) -> str:
        return self.row["customerID"]

    @property
    def digits(self) -> int:
        """The number in the identifier: spreads cycles and habits, the same at every derivation."""
        return int(self.id[:4])

    @property
    def tenure(self) -> int:
        return int(self.row["tenure"])

    @property
    def charge(self) -> Decimal:
        return Decimal(self.row["MonthlyCharges"])

    @property
    def payment_method(self) -> str:
        return self.row["PaymentMethod"].removesuffix(" (automatic)").lower().replace(" ", "_")

    @property
    def habit(self) -> str:
        """stops_1, stops_2 (unpaid invoices that are due), pays_late, pays_in_parts or pays_on_time."""
        spread = self.digits // 10
        if self.row["Churn"] == "Yes":
            return "stops_2" if spread % 4 == 0 else "stops_1"
        if self.payment_method in AUTOMATIC or spread % 8 > 1:
            return "pays_on_time"
        return "pays_in_parts" if spread % 8 else "pays_late"


def derive(as_of: date) -> dict[str, list[tuple[str, ...]]]:
    """Returns the rows of each file."""
    files = {name: [] for name in COLUMNS}
    with SOURCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            add_subscriber(files, Subscriber(row), as_of)
    return {name: sorted(rows) for name, rows in files.items()}


def add_subscriber(files: dict, who: Subscriber, as_of: date) -> None:
    account, subscription = f"A-{who.id}", f"S-{who.id}"
    due_dates = due_dates_of(who, as_of)
    started = due_dates[0] - TERMS if due_dates else as_of
    name = f"Subscriber {who.id} (receivables derived)"
    files["customers"].append((who.id, name, "person", "", "", "", ""))
    rating = next(code for code, months in RATING_FROM_TENURE.items() if who.tenure >= months)
    files["accounts"].append((account, who.id, CURRENCY, who.payment_method, rating, "", "active", ""))
    payments = payments_of(who, due_dates, as_of)
    phone = "phone" if who.row["PhoneService"] == "Yes" else ""
    kind = "_".join(filter(None, (INTERNET[who.row["InternetService"]], phone)))
    row = (subscription, account, kind, "effective", kind, "1", "", "false")
    files["subscriptions"].append((*row, *grace(who, due_dates, payments, as_of)))
    binding = binding_of(who, started, as_of)
    term = (subscription, "postpaid", price_plan(who), "monthly", *binding, started.isoformat(), "")
    files["billing_terms"].append(term)
    for due in due_dates[-12:]:
        number, issued_on = f"{who.id}-{due:%Y-%m}", (due - TERMS).isoformat()
        row = (number, account, issued_on, due.isoformat(), CURRENCY, decimal(who.charge), "false")
        files["invoices"].append(row)
        for part, (received_on, amount) in enumerate(payments.get(due, ()), start=1):
            reference = f"PAY-{number}-{part}"
            row = (reference, account, received_on.isoformat(), CURRENCY, decimal(amount), number)
            files["payments"].append(row)


def due_dates_of(who: Subscriber, as_of: date) -> list[date]:
    """One for each month of tenure, the last one of an invoice issued by the date."""
    last = (as_of + TERMS).replace(day=CYCLE_DAYS[who.digits % 10])
    if last - TERMS > as_of:
        last = add_months(last, -1)
    return [add_months(last, -back) for back in reversed(range(who.tenure))]


def payments_of(
    who: Subscriber, due_dates: list[date], as_of: date
) -> dict[date, list[tuple[date, Decimal]]]:
    """The day and amount of what was paid by the date on the invoice of each due date."""
    habit = who.habit
    if habit.startswith("stops"):
        due_dates = [due for due in due_dates if due < as_of][: -int(habit[-1])]
    paid = {}
    for before, due in zip([None, *due_dates], due_dates, strict=False):
        if habit == "pays_in_parts" and before:
            parts = [(before + LATE, who.charge - REMAINDER), (due + LATE, REMAINDER)]
        elif habit in ("pays_in_parts", "pays_late"):
            parts = [(due + LATE, who.charge)]
        else:
            parts = [(due, who.charge)]
        paid[due] = [part for part in parts if part[0] <= as_of]
    return paid


def grace(who: Subscriber, due_dates: list[date], payments: dict, as_of: date) -> tuple[str, str]:
    """From the oldest due date that passed unpaid; kept to its end where the debt was paid meanwhile."""
    late = []
    for due in (due for due in due_dates[-12:] if due < as_of):
        paid = payments.get(due, [])
        still_open = sum(amount for _, amount in paid) < who.charge
        if still_open or (due + GRACE >= as_of and max(day for day, _ in paid) > due):
            late.append(due)
    if not late:
        return "", ""
    return min(late).isoformat(), (min(late) + GRACE).isoformat()


def binding_of(who: Subscriber, started: date, as_of: date) -> tuple[str, str, str]:
    """The current binding period: a contract is renewed for the same period at each end."""
    code, months = BINDING[who.row["Contract"]]
    if not months:
        return "", "", ""
    periods = 0
    while add_months(started, months * (periods + 1)) <= as_of:
        periods += 1
    ends = add_months(started, months * (periods + 1)) - timedelta(days=1)
    return code, add_months(started, months * periods).isoformat(), ends.isoformat()


def price_plan(who: Subscriber) -> str:
    extras = sum(who.row[column] == "Yes" for column in EXTRAS)
    return "full" if extras >= 4 else "plus" if extras else "basic"


def add_months(day: date, months: int) -> date:
    """The same day of the month, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def decimal(amount: Decimal) -> str:
    """29.90 as 29.9, 30.00 as 30."""
    return f"{amount.normalize():f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Derive import files from source.csv.")
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="the date of knowledge")
    parser.add_argument("--out", type=Path, required=True, help="directory to write to")
    asked = parser.parse_args()
    files = derive(asked.as_of)
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        with (asked.out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS[name].split(), *rows])
    print(f"{asked.out}: " + ", ".join(f"{len(rows)} {name}" for name, rows in files.items()))


if __name__ == "__main__":
    main()
