"""Exported, imported into an empty database and exported again: the same bytes."""

import random
from datetime import date
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import Sum

from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.exchange.export_files import export_directory
from lapwing.exchange.import_files import import_directory
from lapwing.receivables.actions.post_payment import (
    announce_payment,
    fail_payment,
    post_payment,
    reverse_payment,
)
from lapwing.receivables.models import OpenItem, Payment, PaymentState
from lapwing.subscriptions.actions.perform import perform
from lapwing.subscriptions.models import Subscription

from .random_base import random_files
from .samples import FILES, contents, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("organisation")]


def _import_and_export(source: Path, target: Path) -> dict[str, bytes]:
    """Into a database without any of the rows, which is taken back."""
    with transaction.atomic():
        import_directory(source)
        export_directory(target)
        transaction.set_rollback(True)
    return contents(target)


def _operate(rng: random.Random) -> None:
    """What an operator does to a base: payments come, fail and are returned, subscriptions are cut and extended."""
    for payment in Payment.objects.order_by("pk")[:3]:
        if rng.random() < 0.5:
            reverse_payment(payment.reference)
    account = OpenItem.objects.order_by("pk")[0].account.number
    announce_payment(account, 5, reference="announced")
    announce_payment(account, 5, reference="failed")
    fail_payment("failed")
    post_payment(account, 5, reference="waits", invoice_number="not issued yet")
    for subscription in Subscription.objects.order_by("pk"):
        if subscription.life_cycle_state in ("effective", "not_effective") and rng.random() < 0.5:
            until = {"until": date(2015, 5, 1)}
            perform(subscription.number, "extend_grace_period", **until)
            if rng.random() < 0.5:
                perform(subscription.number, "deactivate_subscription")


@pytest.mark.parametrize("seed", range(30))
def test_a_random_base_keeps_its_bytes(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    write(tmp_path / "made", random_files(rng))
    with transaction.atomic():
        import_directory(tmp_path / "made")
        _operate(rng)
        export_directory(tmp_path / "first")
        transaction.set_rollback(True)
    first = contents(tmp_path / "first")
    assert _import_and_export(tmp_path / "first", tmp_path / "second") == first


def test_files_in_the_form_of_an_export_come_back_as_they_are(tmp_path: Path) -> None:
    example = {
        "customers": 'number,name,kind,email,country,language,tax_id\n=1,"a, ""b""\n",person,,,,\n',
        "accounts": "number,customer,currency,classification,credit_rating,credit_limit,state,on_hold_until\n"
        "-1,=1,KWD,@x,B,0.005,active,\n",
        "subscriptions": "number,account,type,state,product,quantity,provider,free,grace_start,grace_end\n"
        "S1,-1,tv,cancelled,,1,,true,2015-01-01,2015-01-01\n",
        "billing_terms": "subscription,scheme,price_plan,frequency,binding_period,binding_start,binding_end,"
        "valid_from,valid_to\nS1,postpaid,p,daily,,,,2015-01-01,\n",
        "invoices": "number,account,issued_on,due_on,currency,total,disputed\n"
        "I1,-1,2015-01-01,2015-01-02,KWD,100,true\nI2,-1,2015-01-01,2015-01-02,KWD,0.1,false\n",
        "payments": "reference,account,received_on,currency,amount,invoice\n+P,-1,2015-01-05,KWD,1.25,I1\n",
    }
    write(tmp_path / "given", example)
    assert _import_and_export(tmp_path / "given", tmp_path / "out") == contents(tmp_path / "given")


def test_rows_are_sorted_by_their_first_column_byte_by_byte(tmp_path: Path) -> None:
    header = FILES["customers"].splitlines()[0]
    numbers = ["b", "B", "é", "a10", "a9", "-", "東", "🦆", "Z"]
    write(tmp_path / "in", {"customers": header + "\n" + "".join(f"{n},,,,,,\n" for n in numbers)})
    import_directory(tmp_path / "in")
    export_directory(tmp_path / "out")
    lines = (tmp_path / "out" / "customers.csv").read_bytes().decode().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == sorted(numbers, key=str.encode)


def test_what_no_import_could_find_is_left_out(tmp_path: Path) -> None:
    import_directory(write(tmp_path / "in"))
    announce_payment("A1", 100, reference="announced")
    reverse_payment("P1")
    post_payment("A1", 100, reference="waits", invoice_number="I77")
    perform("S1", "deactivate_subscription")
    assert export_directory(tmp_path / "out")["files"]["payments.csv"] == 2
    payments = (tmp_path / "out" / "payments.csv").read_text().splitlines()[1:]
    assert payments == ["P2,A2,2015-03-10,JPY,700,", "waits,A1,2015-03-10,EUR,1,"]
    subscriptions = (tmp_path / "out" / "subscriptions.csv").read_text()
    assert "S1,A1,fibre,not_effective,router,1,,false,,\n" in subscriptions


def test_the_debt_of_a_base_is_the_same_after_the_round_trip(tmp_path: Path) -> None:
    def debt() -> int:
        return OpenItem.objects.aggregate(sum=Sum("unsettled_minor"))["sum"]

    write(tmp_path / "made", random_files(random.Random(7)))
    with transaction.atomic():
        import_directory(tmp_path / "made")
        export_directory(tmp_path / "first")
        before = debt()
        transaction.set_rollback(True)
    import_directory(tmp_path / "first")
    assert (debt(), Payment.objects.exclude(state=PaymentState.POSTED).count()) == (before, 0)


def test_an_empty_base_is_six_headers_that_can_be_imported(tmp_path: Path) -> None:
    export_directory(tmp_path / "new" / "out")
    files = contents(tmp_path / "new" / "out")
    assert [content.count(b"\n") for content in files.values()] == [1] * 6
    result = import_directory(tmp_path / "new" / "out")
    assert set(result.files) == set(files)


def test_a_former_export_is_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    import_directory(write(tmp_path / "in"))
    export_directory(tmp_path / "out")
    first = contents(tmp_path / "out")
    export_directory(tmp_path / "out")
    assert contents(tmp_path / "out") == first
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="not_empty"):
        export_directory(tmp_path / "out")


@pytest.mark.parametrize("name", ["file", "file/below", "nul\0"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused, match="cannot_write"):
        export_directory(tmp_path / name)


def test_nobody_without_a_role_exports(tmp_path: Path) -> None:
    with acting_as("nobody"), pytest.raises(Refused, match="not_permitted"):
        export_directory(tmp_path / "out")
    assert not (tmp_path / "out").exists()
