"""What an import accepts as files, what it writes, and what it leaves alone."""

import json
import os
import time
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.catalog.models import BillingTermScheme, Provider
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.exchange.import_files import import_directory
from lapwing.exchange.problems import ImportRefused, WrongCell
from lapwing.identity.actions.add_user import add_user
from lapwing.receivables.actions.post_payment import announce_payment, reverse_payment
from lapwing.receivables.models import Account, OpenItem, Payment
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription, SubscriptionAction

from .samples import FILES, HEADERS, changed, everything, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]


def refused(path: Path, **options) -> list[WrongCell]:
    before = everything()
    with pytest.raises(ImportRefused) as refusal:
        import_directory(path, **options)
    assert everything() == before
    return refusal.value.wrong


def test_the_sample_is_imported_and_counted(tmp_path: Path) -> None:
    result = import_directory(write(tmp_path)).as_dict()
    json.dumps(result)
    assert {name: counts["created"] for name, counts in result["files"].items()} == {
        "customers.csv": 2,
        "accounts.csv": 2,
        "subscriptions.csv": 3,
        "billing_terms.csv": 3,
        "invoices.csv": 3,
        "payments.csv": 2,
    }
    assert result["created_codes"] == {
        "Classification": ["home"],
        "SubscriptionType": ["fibre", "tv"],
        "Product": ["router"],
        "BillingTermScheme": ["postpaid"],
        "PricePlan": ["basic", "plus"],
        "BindingPeriod": ["one_year"],
    }
    scheme = BillingTermScheme.objects.get()
    assert (scheme.prepaid, scheme.pre_billed) == (False, False)
    assert list(OpenItem.objects.order_by("number").values_list("unsettled_minor", flat=True)) == [
        4000,
        6000,
        0,
    ]
    assert Payment.objects.get(reference="P2").unallocated_minor == 200


def test_again_nothing_is_created(tmp_path: Path) -> None:
    import_directory(write(tmp_path))
    before = everything()
    again = import_directory(tmp_path)
    assert {tuple(counts) for counts in ({c["created"]} for c in again.files.values())} == {(0,)}
    assert {**everything(), "AuditEntry": 0} == {**before, "AuditEntry": 0}


@pytest.mark.parametrize(
    ("file", "row", "column", "value"),
    [
        ("customers", 1, "name", "Ada Lovelace"),
        ("accounts", 1, "credit_limit", "100"),
        ("accounts", 2, "on_hold_until", ""),
        ("subscriptions", 1, "quantity", "2"),
        ("subscriptions", 1, "grace_end", "2015-03-11"),
        ("invoices", 2, "disputed", "false"),
        ("payments", 2, "invoice", "I3"),
    ],
)
def test_a_different_row_under_a_number_in_use_is_refused(
    tmp_path: Path, file: str, row: int, column: str, value: str
) -> None:
    import_directory(write(tmp_path / "one"))
    [cell] = refused(write(tmp_path / "two", changed(file, row, {column: value})))
    assert (cell.file, cell.line, cell.column, cell.code) == (
        f"{file}.csv",
        row + 1,
        HEADERS[file][0],
        "differs",
    )
    assert column in cell.reason


def test_announced_and_reversed_payments_keep_their_references(tmp_path: Path) -> None:
    import_directory(write(tmp_path / "one"))
    announce_payment("A1", 6000, reference="P9", invoice_number="")
    reverse_payment("P1")
    header = ",".join(HEADERS["payments"])
    rows = f"{header}\nP9,A1,2015-03-10,EUR,60,\nP1,A1,2015-02-20,EUR,60,I1\n"
    wrong = refused(write(tmp_path / "two", {"payments": rows}))
    assert [(cell.line, cell.code) for cell in wrong] == [(2, "differs"), (3, "differs")]


def test_a_grace_closed_since_the_import_differs(tmp_path: Path) -> None:
    import_directory(write(tmp_path))
    perform("S1", "deactivate_subscription")
    [cell] = refused(tmp_path)
    assert (cell.file, cell.value, cell.code) == ("subscriptions.csv", "S1", "differs")


def test_files_may_come_one_after_the_other(tmp_path: Path) -> None:
    for name in FILES:
        import_directory(write(tmp_path / name, {name: FILES[name]}))
    assert OpenItem.objects.get(number="I1").unsettled_minor == 4000


def test_byte_order_mark_crlf_and_column_order_do_not_matter(tmp_path: Path) -> None:
    import_directory(write(tmp_path / "one"))
    crlf = {n: b"\xef\xbb\xbf" + t.replace("\n", "\r\n").encode() for n, t in FILES.items()}
    header = "name,number,language,kind,email,tax_id,country"
    turned = {**crlf, "customers": f"{header}\nAda Byron,C1,en,,ada@example.org,,GB\n"}
    result = import_directory(write(tmp_path / "two", turned))
    assert {counts["created"] for counts in result.files.values()} == {0}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, "", "no_header")]),
        (b"\xef\xbb\xbf", [(1, "", "no_header")]),
        (b"\n\n", [(1, "", "no_header")]),
        (b"number,name,kind,email,country,language\n", [(1, "tax_id", "missing_column")]),
        (b"number,name,kind,email,country,language,tax_id,tax_id\n", [(1, "tax_id", "repeated_column")]),
        (b"number,name,kind,email,country,language,tax_id,phone\n", [(1, "phone", "unknown_column")]),
        (b"number;name\n1;2\n", [(1, "", "wrong_delimiter")]),
        (b"H\nC1,x,,,,\n", [(2, "", "wrong_cell_count")]),
        (b"H\nC1,x,,,,,,\n", [(2, "", "wrong_cell_count")]),
        (b'H\nC1,"a\nb\r\nc",,,,,\n\nC2,x,robot,,,,\n', [(6, "kind", "unknown_kind")]),
        (
            b'H\nC1,"a\nb",robot,,,,\nC2,"x\n\n",robot,,,,\n',
            [(2, "kind", "unknown_kind"), (4, "kind", "unknown_kind")],
        ),
        (b"H\nC1,a\xffb,,,,,\nC2,x,robot,,,,\n", [(2, "name", "not_utf8"), (3, "kind", "unknown_kind")]),
        (b'H\nC1,"a"b,,,,,\nC2,x,robot,,,,\n', [(2, "", "bad_quoting"), (3, "kind", "unknown_kind")]),
        (b'H\nC1,x,,,,,\nC2,"a,,,,,\nC3,x,,,,,\n', [(3, "", "unclosed_quote")]),
        (b"H\rC1,x,,,,,\r", [(1, "", "bad_line_end")]),
        ("H\nC1,x,,,,,\n".encode("utf-16"), [(1, "", "not_utf8")]),
        (b"H\nC1,a\x00b,,,,,\n", [(2, "name", "control_character")]),
        (b"H\nC1," + b"x" * 10_000_000 + b",,,,,\n", [(2, "name", "too_long")]),
        (
            b'H\nC1,"' + b"x\n" * 6_000 + b'",,,,,\nC2,x,robot,,,,\n',
            [(2, "name", "too_long"), (6003, "kind", "unknown_kind")],
        ),
    ],
)
def test_a_wrong_file_is_told_at_its_lines(
    tmp_path: Path, content: bytes, expected: list[tuple[int, str, str]]
) -> None:
    content = content.replace(b"H", ",".join(HEADERS["customers"]).encode(), 1)
    if content.startswith(b"\xff\xfe"):
        content = ",".join(HEADERS["customers"]).encode("utf-16")
    wrong = refused(write(tmp_path, {"customers": content}))
    found = [(cell.line, cell.column, cell.code) for cell in wrong if cell.code in {e[2] for e in expected}]
    assert found == expected
    assert all(cell.file == "customers.csv" for cell in wrong)
    assert all(len(cell.value) <= 80 and cell.value.isprintable() for cell in wrong)


def test_a_file_that_cannot_be_read_does_not_make_the_others_wrong(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "customers": "number\n"})
    assert {cell.file for cell in refused(tmp_path)} == {"customers.csv"}


def test_a_wrong_row_does_not_make_the_rows_that_name_it_wrong(tmp_path: Path) -> None:
    [cell] = refused(write(tmp_path, changed("accounts", 1, {"state": "closed"})))
    assert cell.code == "unknown_state"


def test_a_directory_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "payments.csv").mkdir()
    [cell] = refused(tmp_path)
    assert (cell.file, cell.code) == ("payments.csv", "not_a_file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "payments.csv").chmod(0)
    assert [cell.code for cell in refused(tmp_path)] == ["unreadable"]


def test_csv_files_of_other_names_are_named_as_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"customers": FILES["customers"], "Payments": "x", "grace": "y"})
    assert import_directory(tmp_path).not_read == ["Payments.csv", "grace.csv"]


def test_a_dry_run_checks_everything_and_writes_nothing(tmp_path: Path) -> None:
    before = everything()
    result = import_directory(write(tmp_path), dry_run=True)
    assert (result.dry_run, result.files["payments.csv"]["created"]) == (True, 2)
    assert everything() == before
    assert refused(write(tmp_path, changed("payments", 1, {"invoice": "I9"})), dry_run=True)


def test_a_subscription_gets_an_executed_opening_action(tmp_path: Path) -> None:
    Provider(code="acme", kind="manual").save()
    with acting_as("anna"):
        import_directory(write(tmp_path, changed("subscriptions", 1, {"provider": "acme"})))
    subscription = Subscription.objects.get(number="S1")
    assert (subscription.revision, subscription.grace_revision, subscription.grace_open) == (1, 1, True)
    assert subscription.provider is not None
    action = SubscriptionAction.objects.get(subscription=subscription)
    assert (action.behaviour, action.state, action.reason_code) == ("opening", "executed", "opening")
    assert action.revision == 1
    assert (action.from_state, action.to_state, action.quantity) == ("", "effective", 1)
    assert (action.grace_was_open, action.grace_open) == (False, True)
    assert (action.grace_start_on, action.grace_end_on) == (date(2015, 3, 1), date(2015, 3, 10))
    assert (action.requested_by, action.executed_on) == ("anna", date(2015, 3, 10))
    resting = Subscription.objects.get(number="S2")
    assert (resting.life_cycle_state, resting.until_on, resting.grace_revision) == ("resting", None, None)


def test_the_audit_keeps_one_entry_with_counts_and_hashes(tmp_path: Path) -> None:
    before = AuditEntry.objects.count()
    import_directory(write(tmp_path))
    assert AuditEntry.objects.count() == before + 1
    entry = AuditEntry.objects.latest("pk")
    assert entry.subject_kind == "import"
    assert entry.after["files"]["invoices.csv"] == {
        "created": 3,
        "unchanged": 0,
        "sha256": sha256(FILES["invoices"].encode()).hexdigest(),
    }


def test_only_who_may_import_imports(tmp_path: Path) -> None:
    add_user("otto", "operator")
    before = everything()
    with acting_as("otto"), pytest.raises(Refused, match="not_permitted"):
        import_directory(write(tmp_path))
    assert everything() == before


def test_the_progress_reaches_the_end_of_every_file(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    import_directory(write(tmp_path), report=lambda *step: told.append(step))
    assert told == [
        ("customers.csv", 2, 2),
        ("accounts.csv", 2, 2),
        ("subscriptions.csv", 3, 3),
        ("billing_terms.csv", 3, 3),
        ("invoices.csv", 3, 3),
        ("payments.csv", 2, 2),
    ]


def test_many_rows_of_one_account_take_seconds(tmp_path: Path) -> None:
    invoices = "".join(f"N{n:05},A1,2014-01-01,2014-02-01,EUR,1,\n" for n in range(3_000))
    payments = "".join(f"Q{n:05},A1,2014-03-01,EUR,1.5,\n" for n in range(2_000))
    files = {**FILES, "invoices": FILES["invoices"] + invoices, "payments": FILES["payments"] + payments}
    began = time.monotonic()
    import_directory(write(tmp_path, files))
    assert time.monotonic() - began < 15
    assert Account.objects.get(number="A1").open_items.filter(unsettled_minor__gt=0).count() == 2
