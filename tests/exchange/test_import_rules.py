"""Each rule of a cell and of a row: one wrong cell in valid files, and the place and code that are told."""

from pathlib import Path

import pytest

from lapwing.core.errors import Refused
from lapwing.exchange.import_files import import_directory
from lapwing.exchange.problems import ImportRefused

from .samples import FILES, changed, everything, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]

WRONG = """
customers     | 1 | number | C2 | duplicate@2
customers     | 1 | number | | missing
customers     | 1 | number | \\tC1 | control_character
customers     | 1 | number | C\\x851 | control_character
customers     | 1 | number | _C1 | surrounding_blanks
customers     | 1 | number | n*101 | too_long
customers     | 1 | name | n*301 | too_long
customers     | 1 | name | n*10001 | too_long
customers     | 1 | name | a\\x00b | control_character
customers     | 1 | kind | Person | unknown_kind
customers     | 1 | email | e*255 | too_long
customers     | 1 | country | UK | unknown_country
customers     | 1 | country | gb | unknown_country
customers     | 1 | country | ZZ | unknown_country
customers     | 1 | country | EU | unknown_country
customers     | 1 | language | n*11 | too_long
customers     | 1 | tax_id | n*41 | too_long
accounts      | 1 | customer | C9 | unknown_customer
accounts      | 1 | customer | c1 | unknown_customer
accounts      | 1 | currency | eur | unknown_currency
accounts      | 1 | currency | XYZ | unknown_currency
accounts      | 1 | currency | | missing
accounts      | 1 | credit_rating | AAAA | unknown_credit_rating
accounts      | 1 | credit_limit | 1.005 | over_precise
accounts      | 2 | credit_limit | 1.5 | over_precise
accounts      | 1 | credit_limit | -1 | negative
accounts      | 1 | credit_limit | 99999999999999 | too_large
accounts      | 1 | state | closed | unknown_state
accounts      | 1 | on_hold_until | 2015-02-29 | bad_date
accounts      | 1 | on_hold_until | 2201-01-01 | date_out_of_range
subscriptions | 1 | account | A9 | unknown_account
subscriptions | 1 | type | | missing
subscriptions | 1 | state | paused | unknown_state
subscriptions | 1 | quantity | 0 | bad_quantity
subscriptions | 1 | quantity | 1.5 | bad_quantity
subscriptions | 1 | quantity | ٣ | bad_quantity
subscriptions | 1 | quantity | 10000000000 | bad_quantity
subscriptions | 1 | provider | acme | unknown_provider
subscriptions | 1 | free | yes | bad_boolean
subscriptions | 1 | free | True | bad_boolean
subscriptions | 1 | grace_start | | grace_incomplete
subscriptions | 1 | grace_end | | grace_incomplete
subscriptions | 1 | grace_end | 2015-02-28 | end_before_start
billing_terms | 1 | subscription | S9 | unknown_subscription
billing_terms | 1 | frequency | fortnightly | unknown_frequency
billing_terms | 1 | scheme | | missing
billing_terms | 1 | binding_start | | binding_start_missing@binding_end
billing_terms | 2 | binding_period | one_year | binding_start_missing
billing_terms | 1 | binding_end | 2014-05-31 | end_before_start
billing_terms | 2 | valid_to | 2015-05-31 | end_before_start
billing_terms | 2 | valid_from | 2015-05-31 | overlap
billing_terms | 1 | valid_to | | overlap@2
invoices      | 1 | number | I2 | duplicate@2
invoices      | 1 | account | A9 | unknown_account
invoices      | 1 | issued_on | 2015-03-11 | in_the_future
invoices      | 1 | issued_on | 10/03/2015 | bad_date
invoices      | 1 | issued_on | 20150201 | bad_date
invoices      | 1 | issued_on | 2015-W05-1 | bad_date
invoices      | 1 | issued_on | 2015-02-31 | bad_date
invoices      | 1 | issued_on | 1899-12-31 | date_out_of_range
invoices      | 1 | issued_on | 0000-01-01 | bad_date
invoices      | 1 | issued_on | 2*10001 | too_long
invoices      | 1 | due_on | 2015-01-31 | due_before_issue
invoices      | 1 | currency | USD | other_currency
invoices      | 1 | total | -0.01 | negative
invoices      | 1 | total | NaN | bad_amount
invoices      | 1 | total | 1e400 | bad_amount
invoices      | 1 | total | 1,50 | bad_amount
invoices      | 1 | total | +1 | bad_amount
invoices      | 1 | total | 1. | bad_amount
invoices      | 1 | total | 0.001 | over_precise
invoices      | 1 | total | 1.000000000000000000000000000000000001 | over_precise
invoices      | 1 | total | 12345678901234567890 | too_large
invoices      | 3 | total | 500.5 | over_precise
invoices      | 1 | disputed | 1 | bad_boolean
payments      | 1 | reference | P2 | duplicate@2
payments      | 1 | received_on | 2015-03-11 | in_the_future
payments      | 1 | currency | JPY | other_currency
payments      | 1 | amount | 0 | not_above_zero
payments      | 1 | amount | -60 | negative
payments      | 1 | amount | | missing
payments      | 1 | invoice | I9 | unknown_invoice
payments      | 1 | invoice | I3 | invoice_of_another_account
"""


def _cases() -> list:
    cases = []
    for line in WRONG.strip().splitlines():
        file, row, column, value, code = (word.strip() for word in line.split("|"))
        letter, times, count = value.partition("*")
        value = letter * int(count) if times else value.replace("_", " ") if value.startswith("_") else value
        value = value.replace("\\t", "\t").replace("\\x85", "\x85").replace("\\x00", "\x00")
        claim = f"{file} {column} {line.split('|')[3].strip()[:20]}: {code}"
        cases.append(pytest.param(file, int(row), column, value, code, id=claim))
    return cases


@pytest.mark.parametrize(("file", "row", "column", "value", "code"), _cases())
def test_a_wrong_cell_is_told_with_its_place_and_nothing_is_imported(
    tmp_path: Path, file: str, row: int, column: str, value: str, code: str
) -> None:
    code, _, elsewhere = code.partition("@")
    before = everything()
    with pytest.raises(ImportRefused) as refusal:
        import_directory(write(tmp_path, changed(file, row, {column: value})))
    line = 1 + int(elsewhere) if elsewhere.isdigit() else 1 + row
    told = (f"{file}.csv", line, elsewhere if elsewhere.isalpha() or "_" in elsewhere else column, code)
    found = [(cell.file, cell.line, cell.column, cell.code) for cell in refusal.value.wrong]
    if code == "overlap":
        told = (f"{file}.csv", 3, "valid_from", "overlap")
    assert told in found
    assert everything() == before


RIGHT = """
customers     | 1 | name | =1+1
customers     | 1 | name | @SUM(A1)
customers     | 1 | number | -1
customers     | 1 | name |
customers     | 1 | kind |
customers     | 1 | email | +a@b
accounts      | 1 | credit_limit | 0100.50
accounts      | 1 | on_hold_until | 2001-01-01
subscriptions | 3 | grace_start |
billing_terms | 2 | valid_from | 2015-06-02
billing_terms | 3 | binding_start |
invoices      | 1 | total | 0
invoices      | 3 | total | 500.000
invoices      | 1 | due_on | 2015-02-01
payments      | 2 | invoice | I3
payments      | 2 | received_on | 1900-01-01
"""


@pytest.mark.parametrize("line", RIGHT.strip().splitlines())
def test_an_unusual_cell_is_right(tmp_path: Path, line: str) -> None:
    file, row, column, value = (word.strip() for word in line.split("|"))
    files = changed(file, int(row), {column: value})
    if (file, column) == ("customers", "number"):
        files["accounts"] = files["accounts"].replace(",C1,", f",{value},")
    if (file, column) == ("accounts", "credit_limit"):
        files["accounts"] = files["accounts"].replace("A2", "=A2")
        for other in ("subscriptions", "invoices", "payments"):
            files[other] = files[other].replace("A2", "=A2")
    import_directory(write(tmp_path, files))


def test_all_wrong_cells_are_told_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    files = changed("customers", 2, {"country": "Denmark", "kind": "firm"})
    files["payments"] = FILES["payments"].replace("2015-02-20", "soon").replace(",700,", ",0,")
    with pytest.raises(ImportRefused) as refusal:
        import_directory(write(tmp_path, files))
    assert [(c.file, c.line, c.column, c.value, c.code) for c in refusal.value.wrong] == [
        ("customers.csv", 3, "kind", "firm", "unknown_kind"),
        ("customers.csv", 3, "country", "Denmark", "unknown_country"),
        ("payments.csv", 2, "received_on", "soon", "bad_date"),
        ("payments.csv", 3, "amount", "0", "not_above_zero"),
    ]


def test_a_thousand_wrong_cells_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"C{n},x,robot,,,,\n" for n in range(1_500))
    header = FILES["customers"].splitlines()[0]
    with pytest.raises(ImportRefused) as refusal:
        import_directory(write(tmp_path, {"customers": f"{header}\n{rows}"}))
    assert (len(refusal.value.wrong), refusal.value.total) == (1_000, 1_500)


def test_a_term_that_overlaps_a_stored_one_is_told(tmp_path: Path) -> None:
    import_directory(write(tmp_path / "first"))
    header = FILES["billing_terms"].splitlines()[0]
    rows = "S2,postpaid,plus,monthly,,,,2014-01-01,2015-01-01\nS1,postpaid,x,annual,,,,2020-01-01,\n"
    terms = f"{header}\n{rows}"
    with pytest.raises(ImportRefused) as refusal:
        import_directory(write(tmp_path / "second", {"billing_terms": terms}))
    assert [(c.line, c.code) for c in refusal.value.wrong] == [(2, "overlap"), (3, "overlap")]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "not_a_directory"),
        (lambda path: path.write_text("number\n"), "not_a_directory"),
        (lambda path: path.mkdir(), "nothing_to_import"),
        (lambda path: write(path, {"grace": "subscription\n"}), "nothing_to_import"),
    ],
)
def test_a_path_without_import_files_is_refused(tmp_path: Path, make, code: str) -> None:
    make(tmp_path / "files")
    with pytest.raises(Refused) as refusal:
        import_directory(tmp_path / "files")
    assert refusal.value.code == code
