"""Import through the screens: the dry run with its errors, the import in the background, limits, oddities in words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.customers.models import Customer
from lapwing.exchange.actions.steer_import import start_import
from lapwing.exchange.actions.upload_files import upload_files
from lapwing.exchange.models import FileImport, ImportPart
from lapwing.exchange.progress import forget_progress, keep_progress, progress_of
from lapwing.identity.models import User
from lapwing.jobs.models import Job
from lapwing.receivables.models import OpenItem
from tests.backoffice.conftest import signed_in
from tests.backoffice.working import carry_out
from tests.exchange.samples import FILES


@pytest.fixture(autouse=True)
def _home(settings, tmp_path) -> None:
    settings.HOME = tmp_path


def sent(**texts: str | bytes) -> dict:
    return {
        name: SimpleUploadedFile("whatever.csv", text if isinstance(text, bytes) else text.encode())
        for name, text in texts.items()
    }


def checked(client, **texts: str | bytes) -> FileImport:
    answer = client.post("/imports/", sent(**texts))
    assert answer.status_code == 302, answer.content.decode()
    carry_out()
    return FileImport.objects.latest("pk")


def test_files_are_checked_then_imported_all_of_them(sandbox):
    client = signed_in("root")
    found = checked(client, **FILES)
    assert (found.state, found.wrong_total, Customer.objects.count()) == ("checked", 0, 0)
    page = client.get(f"/imports/{found.pk}/steps/start/").content.decode()
    created = sum(each["created"] for each in found.counts.values())
    assert f"Import {created} new rows?" in page
    client.post(f"/imports/{found.pk}/steps/start/")
    assert Customer.objects.count() == 0  # nothing is done in the request
    carry_out()
    found.refresh_from_db()
    assert found.state == "imported" and Customer.objects.count() == 2 and OpenItem.objects.count() == 3
    assert not ImportPart.objects.exists()
    assert AuditEntry.objects.get(action="exchange.import").actor == "root"
    assert f"{created} rows were created" in client.get(f"/imports/{found.pk}/live/").content.decode()


def test_every_wrong_cell_is_shown_and_can_be_taken_along(sandbox):
    client = signed_in("root")
    wrong = FILES["customers"].replace("GB", "=1+1").replace("organisation", "robot")
    found = checked(client, customers=wrong)
    assert (found.state, found.wrong_total) == ("refused", 2)
    page = client.get(f"/imports/{found.pk}/").content.decode()
    assert "is not a country" in page and "customers.csv" in page and "robot" in page
    file = b"".join(client.get(f"/imports/{found.pk}/errors.csv").streaming_content).decode()
    assert file.splitlines()[0] == "file,line,column,value,reason,code" and "'=1+1" in file
    assert Job.objects.get(type="import_files").result_code == "refused"
    with acting_as("root"), pytest.raises(Refused, match="illegal_transition"):
        start_import(found.pk)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (FILES["customers"].replace(",", ";"), "wrong_delimiter", "parted by semicolons"),
        (FILES["customers"].replace(",", "\t"), "wrong_delimiter", "parted by tabs"),
        (FILES["customers"].encode("latin-1"), "not_utf8", "is not UTF-8"),
        ("", "no_header", "is empty"),
    ],
)
def test_oddities_of_spreadsheets_are_told_in_words(text, code: str, said: str, sandbox):
    found = checked(signed_in("root"), customers=text)
    assert {cell["code"] for cell in found.wrong} == {code} and said in found.wrong[0]["reason"]


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"PK\x03\x04rest", "is a spreadsheet"), ("number".encode("utf-16"), "is written in UTF-16")],
)
def test_what_is_no_csv_is_refused_at_once(text: bytes, said: str, sandbox):
    page = signed_in("root").post("/imports/", sent(customers=text)).content.decode()
    assert said in page and not FileImport.objects.exists()


def test_without_a_file_nothing_begins(sandbox):
    assert "choose at least one file" in signed_in("root").post("/imports/", {}).content.decode()


def test_what_is_too_large_is_refused_before_it_is_read(sandbox, settings):
    settings.IMPORT_AT_MOST_MB = 0
    answer = signed_in("root").post("/imports/", sent(customers="x" * 100))
    assert answer.status_code == 413 and not FileImport.objects.exists()
    large = {"name": "x" * 4_000_000}
    assert signed_in("root").post("/settings/", large).status_code == 413
    settings.IMPORT_AT_MOST_MB = 200
    assert signed_in("olga").post("/imports/", sent(customers="x" * 4_000_000)).status_code == 413


def test_it_is_checked_again_when_it_is_imported(sandbox):
    client = signed_in("root")
    found = checked(client, customers=FILES["customers"])
    Customer.objects.create(number="C1", name="Somebody else", country="DE")
    client.post(f"/imports/{found.pk}/steps/start/")
    carry_out()
    found.refresh_from_db()
    assert found.state == "refused" and Customer.objects.count() == 1
    assert Job.objects.filter(type="import_files").latest("pk").status == "failed"


def test_an_import_is_discarded_with_its_files(sandbox):
    client = signed_in("root")
    client.post("/imports/", sent(**FILES))
    found = FileImport.objects.latest("pk")
    client.post(f"/imports/{found.pk}/steps/discard/")
    assert not ImportPart.objects.exists()
    assert carry_out() == ["import_files"]
    assert Job.objects.get(type="import_files").status == "not_applicable"
    assert Customer.objects.count() == 0


def test_only_who_may_import_does(sandbox):
    with pytest.raises(Refused, match="not_permitted"):
        upload_files({"customers.csv": iter([b"number"])})


def test_a_file_of_another_name_is_refused(sandbox):
    with acting_as("root"), pytest.raises(Refused, match="unknown_file"):
        upload_files({"../etc/passwd": iter([b"number"])})


def test_progress_is_told_while_it_is_under_way(sandbox):
    client = signed_in("root")
    client.post("/imports/", sent(**FILES))
    found = FileImport.objects.latest("pk")
    assert "Waiting for a worker" in client.get(f"/imports/{found.pk}/live/").content.decode()
    keep_progress(found.pk)("invoices.csv", 5_000, 20_000)
    assert "invoices.csv: 5,000 / 20,000" in client.get(f"/imports/{found.pk}/live/").content.decode()
    forget_progress(found.pk)
    assert progress_of(found.pk) is None


def test_an_import_ends_where_who_asked_for_it_may_not_import_any_more(client_of):
    client = client_of("billing_manager")
    client.post("/imports/", sent(**FILES))
    User.objects.filter(username="the_billing_manager").update(is_active=False)
    carry_out()
    found = FileImport.objects.latest("pk")
    assert found.state == "refused" and "not_permitted" in found.refusal
    assert not ImportPart.objects.exists() and Customer.objects.count() == 0
