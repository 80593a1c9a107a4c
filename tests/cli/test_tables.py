"""Tables for people: amounts as money, words whole, nothing empty; JSON and CSV stay exact."""

import pytest

from lapwing.cli.columns import fitted, wrapped
from lapwing.cli.output import show_list, show_one


def test_amounts_are_money_of_their_currency_in_a_table_alone(capsys):
    record = {"account": "A1", "amount_minor": 2174600, "currency": "USD"}
    columns = list(record)
    show_list([record], "table", columns)
    table = capsys.readouterr().out
    assert "$21,746.00" in table and "minor" not in table and "USD" not in table
    show_list([record], "csv", columns)
    assert capsys.readouterr().out == "account,amount_minor,currency\nA1,2174600,USD\n"


def test_amounts_inside_a_record_are_money_too(capsys):
    record = {
        "currency": "JPY",
        "settled": [{"invoice": "I1", "minor": 4990}],
        "tolerance_minor": {"EUR": 500},
    }
    show_one(record, "table")
    told = capsys.readouterr().out
    assert "invoice I1, amount ¥4,990" in told and "€5.00" in told and "minor" not in told
    show_one({"total_minor": 4990}, "table", currency="EUR")
    assert "€49.90" in capsys.readouterr().out


def test_a_table_breaks_between_words_and_after_underscores(capsys):
    record = {
        "job": 4711,
        "type": "sync_license_change_log",
        "status": "needs_attention",
        "result_code": "provider_credentials",
        "started_at": "2015-03-10T12:00:31.123456+00:00",
        "empty": None,
        "result": "the provider did not accept the credentials that are kept for it",
    }
    show_list([record], "table", list(record))
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert "2015-03-10 12:00Z" in told and "empty" not in told
    words = set(told.replace("_", " ").split())
    assert {"license", "change", "attention", "provider", "credentials", "accept"} <= words


@pytest.mark.parametrize("width", [1, 3, 8, 40])
def test_no_line_is_wider_and_nothing_is_lost(width):
    text = "a_word_with parts andaverylongonewithoutany"
    lines = wrapped(text, width).split("\n")
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_whole_column_is_cut_last():
    assert fitted([["status", "name"], ["succeeded", "x" * 30]], 20, [True, False]) == [9, 11]
