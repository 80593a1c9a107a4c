"""Any list as CSV and as XLSX: safe for spreadsheets, with the list's filters, and honest where it is cut."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django.test import RequestFactory

from lapwing.backoffice import exports
from lapwing.customers.models import Customer
from tests.backoffice.conftest import signed_in
from tests.jobs.conftest import ask

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LISTS = [
    *("/jobs/", "/runs/", "/subscriptions/", "/runs/{run}/items/", "/accounts/", "/customers/", "/audit/"),
    *("/definitions/", "/users/", "/jobs/causes/"),
]
EMPTY_LISTS = ["/providers/", "/provider-accounts/", "/scheduled-changes/"]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]


def read_csv(client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


def read_xlsx(content: bytes) -> list[list[tuple[str, str]]]:
    """Sort and text of each cell: s of a shared or inline text, n of a number, b of yes or no, f of a formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    found = []
    for row in sheet.iter(f"{SPREADSHEET}row"):
        cells = []
        for cell in row:
            formula = cell.find(f"{SPREADSHEET}f") is not None
            cells.append(("f" if formula else cell.get("t", "n"), "".join(cell.itertext())))
        found.append(cells)
    return found


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_given_as_both_files(path: str, base):
    client, path = signed_in("root"), path.format(**base)
    lines = read_csv(client, f"{path}?format=csv")
    sheet = read_xlsx(b"".join(client.get(f"{path}?format=xlsx").streaming_content))
    assert len(lines) == len(sheet) > 1
    assert lines[0] == [text for _, text in sheet[0]]


@pytest.mark.parametrize("path", EMPTY_LISTS)
def test_a_list_without_rows_is_a_file_with_its_headings(path: str, sandbox):
    lines = read_csv(signed_in("root"), f"{path}?format=csv")
    assert len(lines) == 1 and len(lines[0]) > 3


def test_rows_of_the_other_lists_are_written(sandbox):
    from lapwing.catalog.models import Provider
    from lapwing.customers.models import ProviderAccount
    from tests.world import in_debt

    in_debt(1)
    provider = Provider(code="acme", name="Acme", kind="automatic", connector="scim")
    provider.save()
    ProviderAccount(customer=Customer.objects.get(), provider=provider, identity="anna").save()
    client = signed_in("root")
    assert read_csv(client, "/providers/?format=csv")[1][0] == "acme"
    assert read_csv(client, "/provider-accounts/?format=csv")[1][2:] == ["acme", "anna", "mapped"]
    assert read_csv(client, "/accounts/?format=csv")[1][5] == "50.00"


def test_a_file_has_the_filters_of_its_list_and_all_pages(sandbox, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 3)
    numbers = [str(ask("book", subject=f"S{position}").pk) for position in range(8)]
    ask("no_op", subject="other")
    lines = read_csv(signed_in("root"), "/jobs/?type=book&format=csv")
    assert [line[0] for line in lines[1:]] == numbers[::-1]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_is_taken_for_a_formula(text: str, base):
    Customer.objects.update(name=text)
    client = signed_in("root")
    answer = client.get("/subscriptions/?format=csv")
    written = b"".join(answer.streaming_content).decode()
    names = {row["customer_name"] for row in csv.DictReader(io.StringIO(written, newline=""))}
    assert names == {f"'{text}"}
    sheet = read_xlsx(b"".join(client.get("/subscriptions/?format=xlsx").streaming_content))
    assert {cell[3][0] for cell in sheet[1:]} == {"inlineStr"}


def test_numbers_stay_numbers_and_amounts_have_the_digits_of_their_currency(base):
    answer = signed_in("root").get(f"/runs/{base['run']}/items/?format=xlsx")
    sheet = read_xlsx(b"".join(answer.streaming_content))
    assert ("n", "50.00") in sheet[1]
    assert read_csv(signed_in("root"), f"/runs/{base['run']}/items/?format=csv")[1][-2:] == ["50.00", "EUR"]


def test_a_cut_file_says_so_in_its_last_line(base, monkeypatch):
    monkeypatch.setitem(exports.AT_MOST, "csv", 2)
    lines = read_csv(signed_in("root"), "/subscriptions/?format=csv")
    assert len(lines) == 4 and "Only the first 2 rows" in lines[-1][0]


def test_values_of_every_sort_are_written():
    moment = datetime(2015, 3, 10, 12, tzinfo=UTC)
    row = SimpleNamespace(a=True, b=Decimal("1.50"), c=moment, d=moment.date(), e={"x": 1}, f=None, g=10**16)
    request = RequestFactory().get("/?format=xlsx")
    answer = exports.exported(request, "all", {name: name for name in "abcdefg"}, [row])
    found = read_xlsx(b"".join(answer.streaming_content))[1]
    assert [sort for sort, _ in found] == ["b", "n", "n", "n", "inlineStr", "inlineStr"]
    assert found[-1][1] == str(10**16)


def test_a_format_that_is_not_known_is_the_page(base):
    assert signed_in("root").get("/jobs/?format=exe")["Content-Type"].startswith("text/html")
