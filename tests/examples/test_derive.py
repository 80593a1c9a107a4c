"""The derived example files keep the import rules, and give the figures that their READMEs promise.

What is overdue and in dispute is computed twice: here straight from source.csv, and from the derived files.
"""

import csv
import itertools
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REPLAY = (date(2013, 5, 10), date(2013, 5, 17), date(2013, 5, 31))
TELCO_DATE = date(2024, 6, 18)
AMOUNT = re.compile(r"(0|[1-9]\d*)(\.\d?[1-9])?")
RATINGS = {"", "AAA", "AA", "A", "BAA", "BA", "B", "CAA", "CA", "C"}
HEADERS = {
    "customers": "number,name,kind,email,country,language,tax_id",
    "accounts": "number,customer,currency,classification,credit_rating,credit_limit,state,on_hold_until",
    "subscriptions": "number,account,type,state,product,quantity,provider,free,grace_start,grace_end",
    "billing_terms": "subscription,scheme,price_plan,frequency,binding_period,binding_start,binding_end,"
    "valid_from,valid_to",
    "invoices": "number,account,issued_on,due_on,currency,total,disputed",
    "payments": "reference,account,received_on,currency,amount,invoice",
}
# from the sources alone: open invoices, overdue invoices, accounts overdue, of which wholly in dispute
OVERDUE = {
    date(2013, 5, 10): (101, 8, 7, 6),
    date(2013, 5, 17): (103, 15, 14, 10),
    date(2013, 5, 31): (112, 15, 13, 7),
}
# from the derived files, in subscriptions (accounts): date, grace in the window, selected, deactivated,
# disputed, nothing overdue, unsettled amount of the deactivated, brought back before
REPLAYED = [
    "2013-05-10 | 6 (5) | 6 (5) | 1 (1) | 5 (4) | 0 (0) | 217.46 USD | 0",
    "2013-05-17 | 8 (6) | 6 (5) | 1 (1) | 4 (3) | 1 (1) | 131.22 USD | 0",
    "2013-05-31 | 15 (10) | 15 (10) | 2 (1) | 3 (2) | 10 (7) | 65.83 USD | 1",
]

Files = dict[str, list[dict[str, str]]]


def derive(example: str, out: Path, as_of: date, since: date | None = None) -> Files:
    command = [
        sys.executable,
        str(EXAMPLES / example / "derive.py"),
        "--as-of",
        str(as_of),
        "--out",
        str(out),
    ]
    subprocess.run(command + (["--since", str(since)] if since else []), check=True, capture_output=True)
    files = {}
    assert not (out / "grace.csv").exists(), "an import reads all of the folder"
    for path in (*out.glob("*.csv"), *out.parent.glob(f"{out.name}.grace.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            files[path.stem.removeprefix(f"{out.name}.")] = list(csv.DictReader(file))
    return files


@pytest.fixture(scope="module")
def receivables(tmp_path_factory) -> list[Files]:
    """The files of the first date, then what each later date adds."""
    out = tmp_path_factory.mktemp("receivables")
    later = [derive("receivables", out / str(b), b, a) for a, b in itertools.pairwise(REPLAY)]
    return [derive("receivables", out / "first", REPLAY[0]), *later]


@pytest.fixture(scope="module")
def telco(tmp_path_factory) -> Files:
    return derive("telco", tmp_path_factory.mktemp("telco"), TELCO_DATE)


def check_import_rules(files: Files, as_of: date) -> None:
    today = as_of.isoformat()
    keys = {}
    for name, rows in files.items():
        assert ",".join(rows[0]) == HEADERS[name]
        column = next(iter(rows[0]))
        keys[name] = [row[column] for row in rows]
        assert len(set(keys[name])) == len(rows), f"{name}: a number twice"
        assert keys[name] == sorted(keys[name])
    known = {name: set(values) for name, values in keys.items()}
    assert {row["customer"] for row in files["accounts"]} == known["customers"]
    assert {row["account"] for row in files["subscriptions"]} == known["accounts"]
    assert known["billing_terms"] == known["subscriptions"]
    assert {row["credit_rating"] for row in files["accounts"]} <= RATINGS
    assert {row["currency"] for name in ("accounts", "invoices", "payments") for row in files[name]} == {
        "USD"
    }
    for row in files["subscriptions"]:
        assert row["state"] == "effective" and row["free"] in ("true", "false")
        assert not row["grace_end"] or row["grace_start"] < today
        assert bool(row["grace_start"]) == bool(row["grace_end"])
    for row in files["billing_terms"]:
        assert row["frequency"] == "monthly" and row["valid_from"] <= today
        bound = bool(row["binding_period"])
        assert not bound or row["valid_from"] <= row["binding_start"] <= today <= row["binding_end"]
    invoices = {row["number"]: row for row in files["invoices"]}
    for row in invoices.values():
        assert row["account"] in known["accounts"] and row["disputed"] in ("true", "false")
        assert date.fromisoformat(row["issued_on"]) <= min(as_of, date.fromisoformat(row["due_on"]))
        assert AMOUNT.fullmatch(row["total"]) and Decimal(row["total"]) > 0
    paid = defaultdict(Decimal)
    for row in files["payments"]:
        invoice = invoices[row["invoice"]]
        assert invoice["account"] == row["account"]
        assert invoice["issued_on"] <= row["received_on"] <= today
        assert AMOUNT.fullmatch(row["amount"]) and Decimal(row["amount"]) > 0
        paid[row["invoice"]] += Decimal(row["amount"])
    assert all(amount <= Decimal(invoices[number]["total"]) for number, amount in paid.items())


@pytest.mark.parametrize("as_of", [date(2012, 6, 30), *REPLAY, date(2014, 1, 31)], ids=str)
def test_receivables_keep_the_import_rules(tmp_path, as_of):
    files = derive("receivables", tmp_path, as_of)
    check_import_rules(files, as_of)
    assert len(files["invoices"]) == sum(row.issued <= as_of for row in source())


def test_telco_keeps_the_import_rules(telco):
    check_import_rules(telco, TELCO_DATE)
    assert len(telco["customers"]) == 7043
    assert all(row["name"].endswith("(receivables derived)") for row in telco["customers"])


@pytest.mark.parametrize("as_of", [date(2024, 2, 29), date(2024, 3, 4)], ids=str)
def test_telco_keeps_the_import_rules_on_leap_and_issue_days(tmp_path, as_of):
    check_import_rules(derive("telco", tmp_path, as_of), as_of)


@pytest.mark.parametrize(("example", "as_of"), [("receivables", REPLAY[0]), ("telco", TELCO_DATE)])
def test_same_date_gives_the_same_bytes(tmp_path, example, as_of):
    names = derive(example, tmp_path / "a", as_of).keys() & derive(example, tmp_path / "b", as_of).keys()
    assert names == HEADERS.keys()
    for name in names:
        once, again = ((tmp_path / run / f"{name}.csv").read_bytes() for run in "ab")
        assert once == again and b"\r" not in once


def test_later_dates_add_up_to_the_whole(receivables, tmp_path):
    whole = derive("receivables", tmp_path, REPLAY[-1])
    for name in ("invoices", "payments"):
        added = [row for files in receivables for row in files[name]]
        assert sorted(added, key=lambda row: next(iter(row.values()))) == whole[name]
    for files in receivables[1:]:
        assert files.keys() == {"invoices", "payments", "grace"}, "a later date changes no master data"


def test_grace_to_grant_is_of_known_subscriptions_and_not_over(receivables):
    known = {row["number"] for row in receivables[0]["subscriptions"]}
    for day, since, files in zip(REPLAY[1:], REPLAY, receivables[1:], strict=False):
        assert files["grace"]
        for row in files["grace"]:
            start, end = date.fromisoformat(row["grace_start"]), date.fromisoformat(row["grace_end"])
            assert row["subscription"] in known
            assert since <= start < day <= end == start + timedelta(days=14)


def test_overdue_and_disputed_are_those_of_the_source(receivables):
    for number, day in enumerate(REPLAY):
        rows = [row for row in source() if row.issued <= day < row.settled]
        overdue = defaultdict(set)
        for row in rows:
            if row.due < day:
                overdue[row.customer].add(row.disputed)
        figures = (
            len(rows),
            sum(row.due < day for row in rows),
            len(overdue),
            sum(all(flags) for flags in overdue.values()),
        )
        print(f"{day}: {figures[0]} open, {figures[1]} overdue invoices; {figures[2]} accounts overdue, "
              f"{figures[3]} wholly in dispute")  # fmt: skip
        assert figures == OVERDUE[day]
        derived = open_items(receivables[: number + 1])
        flags = {
            account: [item.disputed for item in items if item.due < day] for account, items in derived.items()
        }
        assert {f"A-{c}" for c in overdue} == {account for account, found in flags.items() if found}
        assert {f"A-{c}" for c, f in overdue.items() if all(f)} == {
            a for a, f in flags.items() if f and all(f)
        }


def test_replay_gives_the_figures_of_the_readme(receivables):
    window = timedelta(days=definition("nightly_grace_cut")["criteria"]["grace_period_end_days"])
    owner = {row["number"]: row["account"] for row in receivables[0]["subscriptions"]}
    grace = {row["number"]: row["grace_end"] for row in receivables[0]["subscriptions"] if row["grace_end"]}
    off: set[str] = set()
    readme = (EXAMPLES / "receivables" / "README.md").read_text(encoding="utf-8")
    for number, day in enumerate(REPLAY):
        items = open_items(receivables[: number + 1])
        back = {sub for sub in off if not any(item.due < day for item in items[owner[sub]])}
        off -= back
        for row in receivables[number].get("grace", []):
            assert row["subscription"] not in off, "granting grace would bring it back"
            grace[row["subscription"]] = row["grace_end"]
        ended = {s for s, end in grace.items() if day - window <= date.fromisoformat(end) <= day} - off
        selected = {sub for sub in ended if items[owner[sub]]}
        outcome = {sub: outcome_of(items[owner[sub]], day) for sub in selected}
        done = {sub for sub in selected if outcome[sub] == "done"}
        amount = sum(item.amount for account in {owner[sub] for sub in done} for item in items[account])
        off |= done
        grace = {sub: end for sub, end in grace.items() if sub not in done}
        groups = [ended, selected, done]
        groups += [{s for s in selected if outcome[s] == code} for code in ("disputed", "nothing_overdue")]
        counts = [f"{len(group)} ({len({owner[sub] for sub in group})})" for group in groups]
        line = " | ".join([str(day), *counts, f"{amount} USD", str(len(back))])
        print(f"| {line} |")
        assert line == REPLAYED[number]
        assert f"| {line} |" in readme


def test_telco_figures_are_those_of_the_readme(telco):
    criteria = definition("telco_grace_cut")["criteria"]
    items = open_items([telco])
    account = {row["number"]: row for row in telco["accounts"]}
    bound = {row["subscription"] for row in telco["billing_terms"] if row["binding_period"]}
    ending = [row for row in telco["subscriptions"] if row["grace_end"] == str(TELCO_DATE)]
    assert Counter(outcome_of(items[row["account"]], TELCO_DATE) for row in ending) == {
        "done": 114,
        "nothing_overdue": 39,
    }
    selected = [
        items[row["account"]]
        for row in ending
        if account[row["account"]]["credit_rating"] in criteria["credit_ratings"]
        and row["number"] not in bound
        and sum(item.amount for item in items[row["account"]]) >= Decimal(criteria["balance"]["more_than"])
    ]
    outcomes = Counter(outcome_of(found, TELCO_DATE) for found in selected)
    done = [found for found in selected if outcome_of(found, TELCO_DATE) == "done"]
    amount = sum(item.amount for found in done for item in found)
    print(f"{TELCO_DATE}: {len(ending)} graces end, {len(selected)} selected, {dict(outcomes)}, {amount} USD")
    assert (outcomes, amount) == ({"done": 68, "nothing_overdue": 7}, Decimal("10018.20"))
    assert len(done) <= definition("telco_grace_cut")["safety"]["max_affected"]


def test_definitions_have_names_and_codes_of_their_own():
    found = [definition(path.stem) for path in sorted((EXAMPLES / "definitions").glob("*.yaml"))]
    assert len(found) == 6
    for key in ("name", "alternative_code"):
        assert len({content[key] for content in found}) == len(found)
    allowed = {
        "kind",
        "name",
        "alternative_code",
        "description",
        "criteria",
        "schedule",
        "throttle",
        "safety",
    }
    allowed |= {"quiet_times"}
    assert all(content.keys() <= allowed for content in found)
    assert {r for content in found for r in content.get("criteria", {}).get("credit_ratings", [])} <= RATINGS


class SourceRow(NamedTuple):
    customer: str
    issued: date
    due: date
    settled: date
    disputed: bool


class OpenItem(NamedTuple):
    due: date
    amount: Decimal
    disputed: bool


def source() -> list[SourceRow]:
    with (EXAMPLES / "receivables" / "source.csv").open(encoding="utf-8", newline="") as file:
        return [
            SourceRow(
                row["customerID"],
                *(
                    datetime.strptime(row[column], "%m/%d/%Y").date()
                    for column in ("InvoiceDate", "DueDate", "SettledDate")
                ),
                disputed=row["Disputed"] == "Yes",
            )
            for row in csv.DictReader(file)
        ]


def open_items(parts: list[Files]) -> dict[str, list[OpenItem]]:
    """What the imported files leave unsettled, by account."""
    paid = defaultdict(Decimal)
    for files in parts:
        for row in files["payments"]:
            paid[row["invoice"]] += Decimal(row["amount"])
    items = defaultdict(list)
    for files in parts:
        for row in files["invoices"]:
            if unsettled := Decimal(row["total"]) - paid[row["number"]]:
                item = OpenItem(date.fromisoformat(row["due_on"]), unsettled, row["disputed"] == "true")
                items[row["account"]].append(item)
    return items


def outcome_of(items: list[OpenItem], day: date) -> str:
    overdue = [item for item in items if item.due < day]
    if not overdue:
        return "nothing_overdue"
    return "disputed" if all(item.disputed for item in overdue) else "done"


def definition(name: str) -> dict:
    return yaml.safe_load((EXAMPLES / "definitions" / f"{name}.yaml").read_text(encoding="utf-8"))
